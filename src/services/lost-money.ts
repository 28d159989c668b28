import { changed } from './changes.ts';
import type { Core } from './core.ts';
import { settle } from './money.ts';
import { persist } from './persist.ts';

/** After this the money of a create that nobody can tell the end of counts as spent on this day, not as held on every one. */
const SETTLED_AFTER_MS = 24 * 60 * 60_000;

/** Books it, once, whatever backend it was sent to: that one may be configured no more. Its failure gives it back. */
export async function bookLost(core: Core): Promise<void> {
  const { ledger, tasks, bindings } = core.store;
  const before = core.clock() - SETTLED_AFTER_MS;
  // Asked before the write lock is taken: mostly there is none.
  if (ledger.lost(before).length === 0) return;
  const booked = await persist(() =>
    core.store.transaction(() =>
      ledger.lost(before).flatMap((ref) => {
        const task = tasks.byId(ref);
        const lost = task ?? bindings.byId(ref);
        if (lost) settle(core, lost, lost.quoted);
        return (task && tasks.update(ref, { spent: task.spent ?? task.quoted })) ?? [];
      }),
    ),
  );
  for (const task of booked) changed(core, task);
}

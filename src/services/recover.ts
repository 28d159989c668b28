import type { Task } from '../domain/task.ts';
import { canBeLookedFor } from './candidates.ts';
import { changed } from './changes.ts';
import type { Core } from './core.ts';
import { UNLEASED } from './leases.ts';
import { releaseHold } from './money.ts';
import { persist } from './persist.ts';
import { neverSentError, unknownError } from './task-errors.ts';

/** Finds out what is left of a task whose process died before it was sent, or while its create was out. */
export async function recover(core: Core, task: Task): Promise<void> {
  core.reached('recover:found');
  await persist(() => (task.state === 'submitting' ? markLost(core, task) : markNeverSent(core, task)));
  core.reached('recover:written');
  changed(core, task);
}

function markLost(core: Core, task: Task): void {
  core.store.tasks.move(task.id, {
    from: 'submitting',
    to: 'unknown',
    patch: {
      ...UNLEASED,
      error: unknownError('the server stopped while the create was out', canBeLookedFor(core, task)),
      charged: 'unknown',
      nextPollAt: core.clock(),
    },
  });
}

function markNeverSent(core: Core, task: Task): void {
  core.store.transaction(() => {
    const patch = { ...UNLEASED, charged: 'no', completedAt: core.clock(), error: neverSentError() } as const;
    const moved = core.store.tasks.move(task.id, { from: 'reserved', to: 'failed', patch });
    // Another process may be sending it after all; then the money stays held.
    if (moved) releaseHold(core, task);
  });
}

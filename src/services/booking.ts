import type { RemoteVideo } from '../backends/backend.ts';
import type { Task } from '../domain/task.ts';
import { priceOf } from '../routing/pricing.ts';
import type { Core } from './core.ts';
import { holdAgain, releaseHold, settle } from './money.ts';

/** Settles or releases the hold that belongs to a move. Call it in the transaction of the move. */
export function book(core: Core, before: Task, after: Task, remote: RemoteVideo): void {
  if (before.state === after.state) return;
  // It was thought never taken, and its hold given back.
  if (before.state === 'failed') holdAgain(core, after);
  switch (after.state) {
    case 'completed':
    case 'expired':
      // One that was unknown for long was settled then, and is only now known to have cost that.
      if (before.spent === undefined) settleAt(core, after, actualPrice(core, after, remote));
      else core.store.tasks.update(after.id, { charged: before.spent > 0 ? 'yes' : 'no' });
      return;
    case 'failed':
      releaseHold(core, after);
      if (before.spent !== undefined) core.store.tasks.update(after.id, { spent: undefined });
      return;
    case 'reserved':
    case 'submitting':
    case 'queued':
    case 'in_progress':
    case 'unknown':
      return;
    default:
      after.state satisfies never;
  }
}

function settleAt(core: Core, task: Task, spent: Task['spent']): void {
  settle(core, task, spent);
  core.store.tasks.update(task.id, { spent, charged: spent === undefined ? 'unknown' : spent > 0 ? 'yes' : 'no' });
}

function actualPrice(core: Core, task: Task, remote: RemoteVideo): Task['spent'] {
  const profile = core.backends.get(task.backend)?.profile;
  // What an extension reports is the length of the whole, of which only the new part is paid.
  const seconds = task.kind === 'extend' ? task.seconds : (remote.seconds ?? task.seconds);
  const price = profile && priceOf(profile, { model: task.model, seconds, size: task.size })?.amount;
  // Nobody agreed to more, and what an upstream says of a clip may be nonsense.
  return price === undefined || price > (task.quoted ?? price) ? task.quoted : price;
}

import { SoraError } from '../domain/errors.ts';
import type { Task } from '../domain/task.ts';
import { changed } from './changes.ts';
import type { Core } from './core.ts';
import { UNLEASED } from './leases.ts';
import { persist } from './persist.ts';
import { expiredError } from './task-errors.ts';

/** Waits between attempts, in milliseconds; the last repeats. */
const RETRY_AFTER_MS = [2_000, 10_000, 30_000, 120_000, 600_000];
const MAX_ATTEMPTS = 40;
/** An upstream that calls a job completed and has no bytes of it is believed to have lost them after so many looks. */
const LOST_AFTER = 6;
/** Trouble of our own disk: it passes, and says nothing about the video. */
const OURS: ReadonlySet<string> = new Set(['disk_full', 'store_unavailable', 'store_busy']);

/** The bytes are gone upstream. The task stays for what it says and for what was paid. */
export async function markExpired(core: Core, task: Task): Promise<Task> {
  const expired = await persist(() =>
    core.store.tasks.move(task.id, {
      from: 'completed',
      to: 'expired',
      patch: { error: expiredError(task), saveState: 'failed', nextPollAt: undefined, ...UNLEASED },
    }),
  );
  changed(core, task);
  return expired ?? task;
}

/** Writes down why a save did not work, and when it is tried again. */
export async function noteFailure(core: Core, task: Task, error: unknown): Promise<void> {
  const failure = error instanceof SoraError ? error : undefined;
  core.log(`task ${task.id}: saving failed: ${error instanceof Error ? error.message : String(error)}`);
  if (failure?.code === 'link_expired' && isLost(core, task)) return void (await markExpired(core, task));
  core.reached('save:failed');
  const attempts = task.saveAttempts + 1;
  const wait = RETRY_AFTER_MS[Math.min(attempts, RETRY_AFTER_MS.length) - 1]!;
  const last = attempts >= MAX_ATTEMPTS && !OURS.has(failure?.code ?? '');
  await persist(() =>
    core.store.tasks.update(task.id, {
      saveAttempts: attempts,
      saveError: failure?.message ?? 'the video could not be saved',
      saveState: last ? 'failed' : 'pending',
      nextPollAt: last ? undefined : core.clock() + wait,
      ...UNLEASED,
    }),
  );
  core.reached('save:failure-written');
  changed(core, task);
}

function isLost(core: Core, task: Task): boolean {
  const { videoUrlExpiresAt: lapses, saveAttempts } = task;
  // A link that was told a lifetime was asked for anew before it was found to be gone.
  return (lapses !== undefined && lapses <= core.clock() && saveAttempts > 0) || saveAttempts + 1 >= LOST_AFTER;
}

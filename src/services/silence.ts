import { SoraError } from '../domain/errors.ts';
import type { Task } from '../domain/task.ts';
import { changed } from './changes.ts';
import type { Core } from './core.ts';
import { UNLEASED } from './leases.ts';
import { settle } from './money.ts';
import { persist } from './persist.ts';
import { delayToNextPoll } from './poll-schedule.ts';
import { notFoundError, vanishedError } from './task-errors.ts';

/** An upstream must say so often in a row that it knows no such job: gateways say it while they restart. */
export const NOT_FOUND_PATIENCE = 5;

/** Whether the upstream has now said often enough that it does not know the job. */
export function isVanished(task: Task, error: unknown): boolean {
  return isNotFound(error) && task.error?.code === 'not_found' && task.pollFailures + 1 >= NOT_FOUND_PATIENCE;
}

/** A poll without news: the task keeps its state, and is asked about again later. */
export async function noteSilence(core: Core, task: Task, error: unknown, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) {
    core.store.tasks.releaseLease(task.id, core.leases.owner);
    return;
  }
  core.reached('poll:silent');
  const failure = error instanceof SoraError ? error : undefined;
  core.log(`task ${task.id}: no news from ${task.backend}: ${failure?.message ?? String(error)}`);
  const lost = isNotFound(error);
  // Only a row of them counts: the first "not found" after other trouble begins anew.
  const failures = lost && task.error?.code !== 'not_found' ? 1 : task.pollFailures + 1;
  const retryAfterMs = failure?.retryAfterSeconds === undefined ? undefined : failure.retryAfterSeconds * 1_000;
  const polls = task.polls + 1;
  await persist(() => {
    const now = core.clock();
    core.store.tasks.releaseLease(task.id, core.leases.owner, {
      pollFailures: failures,
      polls,
      nextPollAt: now + delayToNextPoll(core, { ...task, polls }, now, { retryAfterMs, failures }),
      error: lost ? notFoundError(task.backend) : undefined,
    });
  });
  core.reached('poll:silence-written');
}

/** The upstream has forgotten the job. It may well have been paid for, so the budget counts it. */
export async function markVanished(core: Core, task: Task): Promise<void> {
  await persist(() =>
    core.store.transaction(() => {
      const moved = core.store.tasks.move(task.id, {
        from: ['queued', 'in_progress'],
        to: 'expired',
        patch: {
          error: vanishedError(),
          charged: 'unknown',
          spent: task.spent ?? task.quoted,
          completedAt: core.clock(),
          nextPollAt: undefined,
          ...UNLEASED,
        },
      });
      if (moved) settle(core, task, task.quoted);
    }),
  );
  changed(core, task);
}

function isNotFound(error: unknown): boolean {
  return error instanceof SoraError && error.code === 'not_found';
}

import { SoraError } from '../domain/errors.ts';
import type { Task } from '../domain/task.ts';
import { nextPoll } from '../routing/polling.ts';
import type { Core } from './core.ts';

/** How many past jobs the schedule learns from. */
export const HISTORY = 50;
const DEFAULT_MIN_POLL_MS = 5_000;
/** The dialect's floor lies between two polls; what is refused at once is known so soon after the create. */
export const FIRST_LOOK_MS = 3_000;

/** An upstream that said 429 to a poll is asked no more often than on average for so long. */
const LIMITED_MS = 60 * 60_000;

interface PollNews {
  readonly hintMs?: number | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly failures?: number | undefined;
  readonly listing?: boolean | undefined;
  readonly awaited?: boolean | undefined;
}

/** Milliseconds until the task is to be asked about again. */
export function delayToNextPoll(core: Core, task: Task, now: number, news: PollNews): number {
  const backend = core.backends.get(task.backend);
  const limits = backend?.profile.limits;
  const { limitedAt } = backend?.health() ?? {};
  const limited = limitedAt !== undefined && Math.abs(now - limitedAt) < LIMITED_MS;
  const meanPollMs = limits?.meanPollMs;
  const minPollMs = Math.max(limits?.minPollMs ?? DEFAULT_MIN_POLL_MS, limited ? (meanPollMs ?? 0) : 0);
  return nextPoll({
    now,
    submittedAt: task.submittedAt ?? task.createdAt,
    minPollMs: task.polls === 0 ? Math.min(FIRST_LOOK_MS, minPollMs) : minPollMs,
    meanPollMs,
    polls: task.polls,
    usualMs: limits?.usualJobMs,
    history: core.store.tasks.durations({ backend: task.backend, model: task.model, limit: HISTORY }),
    // What the backend runs includes this one; of the lost ones only those that were just sent count.
    running: Math.max(0, core.store.tasks.unfinishedCount(task.backend, now) - 1),
    ...news,
    failures: news.failures ?? 0,
    listing: news.listing ?? false,
    awaited: news.awaited ?? false,
  });
}

/** Somebody asks for the task now: its next poll comes as soon as for one who waits. False when it does so anyway. */
export function hasten(core: Core, task: Task): boolean {
  const { state, nextPollAt, pollFailures } = task;
  if ((state !== 'queued' && state !== 'in_progress') || nextPollAt === undefined || pollFailures > 0) return false;
  const heardAt = task.heardAt ?? task.createdAt;
  const due = heardAt + delayToNextPoll(core, task, heardAt, { awaited: true });
  const soonest = Math.max(due, task.pollNotBefore ?? 0);
  if (soonest >= nextPollAt) return false;
  try {
    core.store.tasks.update(task.id, { nextPollAt: soonest });
  } catch (error) {
    if (error instanceof SoraError && error.code === 'store_busy') return false;
    throw error;
  }
  core.changes.onAny();
  return true;
}

import type { RemoteVideo } from '../backends/backend.ts';
import { canMove, type Task, type TaskError, type TaskState } from '../domain/task.ts';
import { clean } from '../domain/text.ts';
import { nextPoll } from '../routing/polling.ts';
import { priceOf } from '../routing/pricing.ts';
import type { TaskPatch } from '../store/tasks.ts';
import type { Core } from './core.ts';
import { UNLEASED } from './leases.ts';
import { releaseHold, settle } from './money.ts';

/** How many past jobs the poll schedule learns from. */
const HISTORY = 50;
const DEFAULT_MIN_POLL_MS = 5_000;

/**
 * Writes what an upstream said about a task: the state, the money and what is to happen next, in one transaction.
 * Returns the task as it then is.
 */
export function applyRemote(core: Core, task: Task, remote: RemoteVideo, via: 'create' | 'get' | 'list'): Task {
  const before = core.store.tasks.byId(task.id) ?? task;
  if (!canMove(before.state, remote.state)) return before;
  const now = core.clock();
  const common: TaskPatch = {
    remoteId: remote.remoteId,
    progress: progressOf(before, remote),
    heardAt: now,
    pollFailures: 0,
    polls: before.polls + (via === 'create' ? 0 : 1),
    ...UNLEASED,
    ...(before.submittedAt === undefined ? { submittedAt: now } : {}),
    ...linkOf(core, before, remote, now),
  };
  const moved = core.store.transaction(() => {
    const after = core.store.tasks.move(before.id, {
      from: before.state,
      to: remote.state,
      patch: { ...common, ...outcome(core, before, remote, now, via) },
    });
    if (after) book(core, before, after, remote);
    return after;
  });
  if (!moved) return core.store.tasks.byId(task.id) ?? task;
  core.changes.publish(moved.workspace, { kind: 'task', taskId: moved.id });
  return moved;
}

function progressOf(task: Task, remote: RemoteVideo): number {
  if (remote.state === 'completed') return 100;
  if (remote.state === 'failed') return task.progress;
  return Math.min(99, Math.max(task.progress, Math.floor(remote.progress ?? 0)));
}

function linkOf(core: Core, task: Task, remote: RemoteVideo, now: number): TaskPatch {
  if (remote.videoUrl === undefined) return {};
  const lifetime = core.backends.get(task.backend)?.profile.limits.linkLifetimeSeconds;
  const expires = remote.expiresAt ?? (lifetime === undefined ? undefined : now + lifetime * 1000);
  return { videoUrl: remote.videoUrl, videoUrlExpiresAt: expires };
}

function outcome(core: Core, task: Task, remote: RemoteVideo, now: number, via: 'create' | 'get' | 'list'): TaskPatch {
  switch (remote.state) {
    case 'completed':
      return {
        completedAt: task.completedAt ?? completionOf(task, remote, now),
        error: undefined,
        saveState: task.saveState === 'saved' ? 'saved' : 'pending',
        nextPollAt: now,
      };
    case 'failed':
      return { completedAt: now, charged: 'no', error: jobError(remote), nextPollAt: undefined };
    case 'expired':
      return { completedAt: task.completedAt ?? now, error: expiredError(task), nextPollAt: undefined };
    case 'queued':
    case 'in_progress':
      return {
        error: undefined,
        charged: 'no',
        nextPollAt: now + delayToNextPoll(core, task, now, { hintMs: remote.pollAfterMs, listing: via === 'list' }),
      };
    default:
      return remote.state satisfies never;
  }
}

/**
 * When it was done: the upstream's own time where it is believable, else half-way between the last two looks. To take
 * the look that found it would teach the poll schedule its own lateness.
 */
function completionOf(task: Task, remote: RemoteVideo, now: number): number {
  const from = task.submittedAt ?? task.createdAt;
  const told = remote.completedAt;
  if (told !== undefined && told >= from && told <= now) return told;
  return Math.round((Math.max(from, task.heardAt ?? from) + now) / 2);
}

interface PollNews {
  readonly hintMs?: number | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly failures?: number | undefined;
  readonly listing?: boolean | undefined;
}

/** Milliseconds until the task is to be asked about again. */
export function delayToNextPoll(core: Core, task: Task, now: number, news: PollNews): number {
  const limits = core.backends.get(task.backend)?.profile.limits;
  return nextPoll({
    now,
    submittedAt: task.submittedAt ?? task.createdAt,
    minPollMs: limits?.minPollMs ?? DEFAULT_MIN_POLL_MS,
    usualMs: limits?.usualJobMs,
    history: core.store.tasks.durations({ backend: task.backend, model: task.model, limit: HISTORY }),
    ...news,
    failures: news.failures ?? 0,
    listing: news.listing ?? false,
  });
}

/** Settles or releases the hold that belongs to the move from `before` to `after`. */
function book(core: Core, before: Task, after: Task, remote: RemoteVideo): void {
  if (before.spent !== undefined || before.state === after.state) return;
  switch (after.state) {
    case 'completed':
    case 'expired': {
      const spent = actualPrice(core, after, remote);
      settle(core, after, spent);
      core.store.tasks.update(after.id, { spent, charged: spent === undefined ? 'unknown' : spent > 0 ? 'yes' : 'no' });
      return;
    }
    case 'failed':
      releaseHold(core, after);
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

function actualPrice(core: Core, task: Task, remote: RemoteVideo): Task['spent'] {
  const profile = core.backends.get(task.backend)?.profile;
  // What an extension reports is the length of the whole, of which only the new part is paid.
  const seconds = task.kind === 'extend' ? task.seconds : (remote.seconds ?? task.seconds);
  const price = profile && priceOf(profile, { model: task.model, seconds, size: task.size });
  return price?.amount ?? task.quoted;
}

function jobError(remote: RemoteVideo): TaskError {
  const message = clean(remote.error?.message ?? 'the upstream gave no reason', 500);
  const blocked = /moderation|sentinel|policy|blocked/i.test(`${remote.error?.code ?? ''} ${message}`);
  return {
    code: blocked ? 'moderation_blocked' : 'job_failed',
    message,
    hint: blocked
      ? 'Change the prompt or the reference: no real people, no protected characters, nothing explicit.'
      : 'Nothing was charged. Try again, or change the prompt or the backend.',
    retryable: !blocked,
    charged: 'no',
  };
}

export function expiredError(task: Pick<Task, 'kind'>): TaskError {
  return {
    code: 'link_expired',
    message: `the ${task.kind === 'video' ? 'video' : task.kind} is no longer kept upstream and was not saved in time`,
    hint: 'It cannot be fetched any more. Generate it again if it is still wanted.',
    retryable: false,
    charged: 'yes',
  };
}

export type { TaskState };

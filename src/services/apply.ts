import type { RemoteVideo } from '../backends/backend.ts';
import { canMove, isFinal, type Task } from '../domain/task.ts';
import type { TaskPatch } from '../store/tasks.ts';
import { book } from './booking.ts';
import { changed } from './changes.ts';
import type { Core } from './core.ts';
import { UNLEASED } from './leases.ts';
import { callNext } from './line.ts';
import { holdAgain } from './money.ts';
import { delayToNextPoll } from './poll-schedule.ts';
import { expiredError, jobError } from './task-errors.ts';

type Via = 'create' | 'get' | 'list';

/**
 * Writes what an upstream said about a task: the state, the money and what is to happen next, in one transaction.
 * Returns the task as it then is. News that contradicts what is known (a finished job that runs), or is about another
 * job than the task's, changes nothing.
 */
export function applyRemote(core: Core, task: Task, remote: RemoteVideo, via: Via): Task {
  const now = core.clock();
  const moved = core.store.transaction((): Task | undefined => {
    const before = core.store.tasks.byId(task.id) ?? task;
    const same = before.remoteId === remote.remoteId;
    if (!same && before.remoteId !== task.remoteId) return undefined;
    // A late answer must not take the lease from whoever is saving what an earlier one told.
    const known = same && isFinal(before.state) && before.state === remote.state;
    if (known || !canMove(before.state, remote.state)) return undefined;
    const after = core.store.tasks.move(before.id, {
      from: before.state,
      to: remote.state,
      patch: {
        ...heard(before, remote, now, via),
        ...linkOf(core, before, remote),
        ...outcome(core, before, remote, via),
      },
    });
    if (after) book(core, before, after, remote);
    if (after && isFinal(after.state)) callNext(core, after.backend);
    return after && core.store.tasks.byId(after.id);
  });
  if (!moved) return core.store.tasks.byId(task.id) ?? task;
  changed(core, moved);
  return moved;
}

/**
 * The same for a task that has no job yet, or is to get another: unless a task has that job already, or the task has got
 * a job or was sent anew since it was read. A job that a create made is never dropped: then it becomes a task of its own.
 */
export function bindRemote(core: Core, task: Task, remote: RemoteVideo, via: Via): Task | 'taken' {
  return core.store.transaction((): Task | 'taken' => {
    const { tasks } = core.store;
    const owner = tasks.ownerOf(task.backend, remote.remoteId);
    if (owner) return owner.id === task.id ? applyRemote(core, task, remote, via) : 'taken';
    const now = tasks.byId(task.id) ?? task;
    const unsent = now.state === 'reserved' && now.backend === task.backend;
    const asRead = now.remoteId === task.remoteId && (unsent || now.submittedAt === task.submittedAt);
    if (asRead) return applyRemote(core, task, remote, via);
    return via === 'create' ? applyRemote(core, apart(core, task), remote, via) : 'taken';
  });
}

/** A task for the job of a send that was thought lost, and whose own task has another job by now. */
function apart(core: Core, task: Task): Task {
  const other = core.store.tasks.insert({
    ...task,
    id: core.newId('task'),
    storyboardId: undefined,
    idempotencyKey: undefined,
    reasons: [...task.reasons, `a late answer to the create of ${task.id}, which was sent anew meanwhile`],
  });
  holdAgain(core, other);
  core.log(`task ${other.id}: ${other.reasons.at(-1)}`);
  return other;
}

function heard(task: Task, remote: RemoteVideo, now: number, via: Via): TaskPatch {
  return {
    remoteId: remote.remoteId,
    progress: progressOf(task, remote),
    heardAt: now,
    pollFailures: 0,
    polls: task.polls + (via === 'create' ? 0 : 1),
    ...UNLEASED,
    ...(task.submittedAt === undefined ? { submittedAt: now } : {}),
  };
}

function progressOf(task: Task, remote: RemoteVideo): number {
  if (remote.state === 'completed') return 100;
  if (remote.state === 'failed') return task.progress;
  return Math.min(99, Math.max(task.progress, Math.floor(remote.progress ?? 0)));
}

/** Where the bytes are, as far as the upstream said. */
export function linkOf(core: Core, task: Task, remote: RemoteVideo): TaskPatch {
  // Where the bytes are at an endpoint only, it is they that lapse.
  if (remote.videoUrl === undefined)
    return remote.expiresAt === undefined ? {} : { videoUrlExpiresAt: remote.expiresAt };
  const lifetime = core.backends.get(task.backend)?.profile.limits.linkLifetimeSeconds;
  const expires = remote.expiresAt ?? (lifetime === undefined ? undefined : core.clock() + lifetime * 1000);
  return { videoUrl: remote.videoUrl, videoUrlExpiresAt: expires };
}

function outcome(core: Core, task: Task, remote: RemoteVideo, via: Via): TaskPatch {
  const now = core.clock();
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
        completedAt: undefined,
        pollNotBefore: remote.pollAfterMs === undefined ? undefined : now + remote.pollAfterMs,
        nextPollAt:
          now +
          delayToNextPoll(core, { ...task, ...heard(task, remote, now, via) }, now, {
            hintMs: remote.pollAfterMs,
            listing: via === 'list',
          }),
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

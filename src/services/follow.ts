import type { RemoteVideo } from '../backends/backend.ts';
import { SoraError } from '../domain/errors.ts';
import type { Task } from '../domain/task.ts';
import { applyRemote, delayToNextPoll, expiredError } from './apply.ts';
import { backendNamed, type Core } from './core.ts';
import { UNLEASED } from './leases.ts';
import { releaseHold, settle } from './money.ts';
import { persist } from './persist.ts';
import type { Plan } from './plan.ts';
import { planAgain } from './planning.ts';
import { changed, submit, unknownError } from './submit.ts';

const LIST_LIMIT = 100;
const RUNNING_LIMIT = 1_000;
/** Tasks due within this ride along when their backend is listed anyway. */
const RIDE_ALONG_MS = 15_000;
/** A job the upstream does not find is asked for again this often before it is given up. */
const NOT_FOUND_PATIENCE = 5;

/** Asks once about one task and writes down what was said. */
export async function follow(core: Core, task: Task, signal?: AbortSignal): Promise<void> {
  const backend = backendNamed(core, task.backend);
  try {
    const remote = await backend.getVideo(task.remoteId ?? '', { signal });
    core.reached('poll:answered');
    await persist(() => applyRemote(core, task, remote, 'get'));
    core.reached('poll:written');
  } catch (error) {
    await persist(() => noteSilence(core, task, error, signal?.aborted ?? false));
  }
}

/**
 * Follows many tasks of one backend with one call. Those that are due soon, or have news in it, ride along; those that
 * it does not hold are asked for one by one.
 */
export async function followMany(core: Core, id: string, due: readonly Task[], signal?: AbortSignal): Promise<void> {
  const backend = backendNamed(core, id);
  try {
    const { videos } = await backend.listVideos!({ limit: LIST_LIMIT }, { signal });
    const listed = new Map(videos.map((video) => [video.remoteId, video]));
    const isDue = new Set(due.map((task) => task.id));
    const running = core.store.tasks.running(id, RUNNING_LIMIT).filter((task) => ridesAlong(core, task, listed, isDue));
    await persist(() =>
      core.store.transaction(() => {
        for (const task of running) applyRemote(core, task, listed.get(task.remoteId!)!, 'list');
      }),
    );
    const missing = due.filter((task) => !listed.has(task.remoteId ?? ''));
    await Promise.all(missing.map((task) => follow(core, task, signal)));
  } catch (error) {
    for (const task of due) await persist(() => noteSilence(core, task, error, signal?.aborted ?? false));
  }
}

function ridesAlong(
  core: Core,
  task: Task,
  listed: ReadonlyMap<string, RemoteVideo>,
  due: ReadonlySet<string>,
): boolean {
  const remote = listed.get(task.remoteId ?? '');
  if (!remote || (task.state !== 'queued' && task.state !== 'in_progress')) return false;
  const soon = (task.nextPollAt ?? 0) <= core.clock() + RIDE_ALONG_MS;
  return due.has(task.id) || soon || remote.state !== task.state;
}

/** No answer: the task keeps its state, and is asked for again later. */
function noteSilence(core: Core, task: Task, error: unknown, aborted: boolean): void {
  if (aborted) {
    core.store.tasks.update(task.id, UNLEASED);
    return;
  }
  const failure = error instanceof SoraError ? error : undefined;
  const failures = task.pollFailures + 1;
  if (failure?.code === 'not_found' && failures >= NOT_FOUND_PATIENCE) {
    markGone(core, task);
    return;
  }
  const now = core.clock();
  core.log(`task ${task.id}: no news from ${task.backend}: ${failure?.message ?? String(error)}`);
  const retryAfterMs = failure?.retryAfterSeconds === undefined ? undefined : failure.retryAfterSeconds * 1_000;
  const delay = delayToNextPoll(core, task, now, { retryAfterMs, failures });
  core.store.tasks.update(task.id, {
    ...UNLEASED,
    pollFailures: failures,
    polls: task.polls + 1,
    nextPollAt: now + delay,
  });
}

function markGone(core: Core, task: Task): void {
  // It may well have been paid for, so the budget counts it.
  settle(core, task, task.quoted);
  core.store.tasks.move(task.id, {
    from: ['queued', 'in_progress'],
    to: 'expired',
    patch: {
      error: {
        ...expiredError(task),
        message: 'the upstream does not know this job any more',
        hint: "Whether it was paid for is not known. Look at the upstream's own account before making it again.",
        charged: 'unknown',
      },
      charged: 'unknown',
      completedAt: core.clock(),
      nextPollAt: undefined,
      ...UNLEASED,
    },
  });
  changed(core, task);
}

/** A task whose process died before it was sent, or while its create was out. */
export async function abandon(core: Core, task: Task): Promise<void> {
  await persist(() =>
    core.store.transaction(() => {
      if (task.state === 'submitting') {
        const error = unknownError('the server stopped while the create was out');
        core.store.tasks.move(task.id, {
          from: 'submitting',
          to: 'unknown',
          patch: { ...UNLEASED, error, charged: 'unknown', nextPollAt: core.clock() },
        });
        return;
      }
      core.store.tasks.move(task.id, {
        from: 'reserved',
        to: 'failed',
        patch: {
          ...UNLEASED,
          charged: 'no',
          completedAt: core.clock(),
          error: {
            code: 'cancelled',
            message: 'the server stopped before this was sent',
            hint: 'Nothing was sent and nothing was charged. Ask again.',
            retryable: true,
            charged: 'no',
          },
        },
      });
      releaseHold(core, task);
    }),
  );
  changed(core, task);
}

/** Its turn has come. */
export async function sendQueued(core: Core, task: Task): Promise<void> {
  let plan: Plan;
  try {
    plan = await planAgain(core, task);
  } catch (error) {
    return await dropQueued(core, task, error);
  }
  try {
    await submit(core, task, plan);
  } catch (error) {
    // The task itself says why it was refused.
    if (!(error instanceof SoraError)) throw error;
    core.log(`task ${task.id}: ${error.code}: ${error.message}`);
  }
}

/** It cannot be sent any more: what it leans on is gone. */
async function dropQueued(core: Core, task: Task, error: unknown): Promise<void> {
  const failure = error instanceof SoraError ? error : undefined;
  await persist(() =>
    core.store.transaction(() => {
      core.store.tasks.move(task.id, {
        from: 'reserved',
        to: 'failed',
        patch: {
          ...UNLEASED,
          completedAt: core.clock(),
          error: {
            code: failure?.code ?? 'internal',
            message: failure?.message ?? 'it could not be prepared for sending',
            hint: failure?.hint ?? 'Nothing was sent and nothing was charged. Ask again.',
            retryable: false,
            charged: 'no',
          },
        },
      });
      releaseHold(core, task);
    }),
  );
  changed(core, task);
}

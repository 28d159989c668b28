import type { RemoteVideo } from '../backends/backend.ts';
import { SoraError } from '../domain/errors.ts';
import type { Task } from '../domain/task.ts';
import { bindRemote } from './apply.ts';
import { type Search, searchFor, sentAt, twinsOf } from './candidates.ts';
import { changed } from './changes.ts';
import type { Core } from './core.ts';
import { UNLEASED } from './leases.ts';
import { releaseHold } from './money.ts';
import { persist } from './persist.ts';
import { neverArrivedError, unknownError } from './task-errors.ts';
import { WATCH_MS } from './vigils.ts';

const NO_LIST = 'its backend cannot list jobs, so nobody can tell';
const LOOK_AGAIN_MS = 5_000;
/** So many looks follow each other soon. */
const SOON_LOOKS = 3;
const SELDOM_MS = 60 * 60_000;

/** Looks for the job of a task whose create got no answer, in the list of its backend. */
export async function reconcile(core: Core, task: Task, signal?: AbortSignal): Promise<void> {
  const backend = core.backends.get(task.backend);
  if (!backend?.listVideos) return await keepUnknown(core, task, NO_LIST);
  let search: Search;
  try {
    search = await searchFor(core, backend, task, signal);
  } catch (error) {
    if (signal?.aborted) return void core.store.tasks.releaseLease(task.id, core.leases.owner);
    const unable = error instanceof SoraError && error.code === 'not_supported';
    return await keepUnknown(core, task, unable ? NO_LIST : 'its backend could not be asked');
  }
  core.reached('reconcile:listed');
  const verdict = judge(core, task, search);
  if (typeof verdict === 'string') return await keepUnknown(core, task, verdict);
  if (verdict === undefined) return await watch(core, task);
  const bound = await persist(() => bindRemote(core, task, verdict, 'list'));
  if (bound === 'taken') return await keepUnknown(core, task, 'another task was quicker to take the job that fits');
  core.vigils.end(vigilOf(task));
  core.log(`task ${task.id}: found upstream as ${verdict.remoteId}`);
  core.reached('reconcile:written');
}

/** The same for a task that has an id which the upstream does not know. True when its job was found. */
export async function findAgain(core: Core, task: Task, signal?: AbortSignal): Promise<boolean> {
  const backend = core.backends.get(task.backend);
  if (!backend?.listVideos) return false;
  const search = await searchFor(core, backend, task, signal).catch(() => undefined);
  const [only, ...others] = search?.found ?? [];
  if (!only || others.length > 0 || only.remoteId === task.remoteId) return false;
  return (await persist(() => bindRemote(core, task, only, 'list'))) !== 'taken';
}

/** The task's job; why that cannot be said; or undefined: none is listed. */
function judge(core: Core, task: Task, { found, near, odd, complete }: Search): RemoteVideo | string | undefined {
  const twins = twinsOf(core, task);
  if (twins.some((twin) => twin.state === 'submitting')) return 'the same is being sent again just now';
  // As many lost tasks as jobs: which is whose makes no difference.
  const lost = [task, ...twins].sort((a, b) => sentAt(a) - sentAt(b) || (a.id < b.id ? -1 : 1));
  if (found.length > lost.length) return `${found.length} jobs upstream could be it`;
  const mine = found[lost.indexOf(task)];
  if (mine) return mine;
  if (near > 0) return 'a job is listed that may be it, but its prompt, model, size or length is told differently';
  if (!complete) return 'the list of its backend does not tell enough';
  if (odd > 0) return 'a job with this prompt is listed, but of another time';
  return undefined;
}

/** It is not listed: that counts once it has been so for long enough. */
async function watch(core: Core, task: Task): Promise<void> {
  const left = WATCH_MS - core.vigils.lasting(vigilOf(task));
  if (left > 0) return await keepUnknown(core, task, 'it is not listed yet', left);
  await giveUp(core, task);
  core.vigils.end(vigilOf(task));
}

/** Of one send: a task that is sent anew is looked for anew. */
function vigilOf(task: Task): string {
  return `${task.id} ${task.submittedAt}`;
}

async function giveUp(core: Core, task: Task): Promise<void> {
  await persist(() =>
    core.store.transaction(() => {
      const moved = core.store.tasks.move(task.id, {
        from: 'unknown',
        to: 'failed',
        leaseOwner: core.leases.owner,
        patch: {
          charged: 'no',
          spent: undefined,
          completedAt: core.clock(),
          nextPollAt: undefined,
          ...UNLEASED,
          error: neverArrivedError(),
        },
      });
      if (moved) releaseHold(core, task);
    }),
  );
  core.reached('reconcile:written');
  changed(core, task);
}

async function keepUnknown(core: Core, task: Task, why: string, longestMs = SELDOM_MS): Promise<void> {
  const now = core.clock();
  const age = now - sentAt(task);
  const looks = task.polls + 1;
  // Soon at first, then ever more seldom: at a tenth of its age.
  const delay = looks < SOON_LOOKS ? LOOK_AGAIN_MS : Math.max(LOOK_AGAIN_MS, Math.min(longestMs, age / 10));
  await persist(() =>
    core.store.tasks.move(task.id, {
      from: 'unknown',
      to: 'unknown',
      leaseOwner: core.leases.owner,
      patch: {
        error: unknownError(`the answer to the create was lost; ${why}`, why !== NO_LIST),
        nextPollAt: now + delay,
        polls: looks,
        ...UNLEASED,
      },
    }),
  );
  core.reached('reconcile:written');
  changed(core, task);
}

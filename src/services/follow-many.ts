import type { RemoteVideo } from '../backends/backend.ts';
import { SoraError } from '../domain/errors.ts';
import type { Task } from '../domain/task.ts';
import { applyRemote } from './apply.ts';
import { backendNamed, type Core, type WatchedBackend } from './core.ts';
import { follow } from './follow.ts';
import { persist } from './persist.ts';
import { noteSilence } from './silence.ts';

const PAGE_SIZE = 100;
const MAX_PAGES = 5;
const RUNNING_LIMIT = 1_000;
/** Tasks due within this ride along when their backend is listed anyway: news that is here need not be asked for. */
const RIDE_ALONG_MS = 60_000;
/** From so many tasks on that a page did not tell of, the next page is cheaper than asking for each. */
const NEXT_PAGE_FROM = 2;

/**
 * Follows many tasks of one backend with one call, or a few. Those that are due soon, or have news in it, ride along;
 * those that it does not tell of are asked for one by one, as all are where the list fails: that is no reason to follow
 * nobody. False when it failed.
 */
export async function followMany(core: Core, id: string, due: readonly Task[], signal?: AbortSignal): Promise<boolean> {
  const backend = backendNamed(core, id);
  let listed: ReadonlyMap<string, RemoteVideo>;
  try {
    listed = await listFor(backend, due, signal);
  } catch (error) {
    // Who wants a rest, or is known to be down, is not asked all the more.
    const rests = (error instanceof SoraError && error.code === 'rate_limited') || backend.health().state === 'down';
    if (!rests && !signal?.aborted) {
      await Promise.all(due.map((task) => follow(core, task, signal)));
      return false;
    }
    for (const task of due) await noteSilence(core, task, error, signal);
    return true;
  }
  core.reached('poll:listed');
  const isDue = new Set(due.map((task) => task.id));
  await persist(() =>
    core.store.transaction(() => {
      for (const task of core.store.tasks.running(id, RUNNING_LIMIT)) {
        if (ridesAlong(core, task, listed, isDue)) applyRemote(core, task, listed.get(task.remoteId!)!, 'list');
      }
    }),
  );
  core.reached('poll:list-written');
  const missing = due.filter((task) => !listed.has(task.remoteId ?? ''));
  await Promise.all(missing.map((task) => follow(core, task, signal)));
  return true;
}

/** The newest jobs, as far back as it pays. */
async function listFor(
  backend: WatchedBackend,
  due: readonly Task[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, RemoteVideo>> {
  const listed = new Map<string, RemoteVideo>();
  let after: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const { videos, after: next } = await backend.listVideos!(
      { limit: PAGE_SIZE, ...(after && { after }) },
      { signal },
    );
    for (const video of videos) if (!video.stateUntold) listed.set(video.remoteId, video);
    const missing = due.filter((task) => !listed.has(task.remoteId ?? ''));
    if (next === undefined || missing.length < NEXT_PAGE_FROM) break;
    after = next;
  }
  return listed;
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

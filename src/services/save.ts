import { basename, dirname, join } from 'node:path';
import { SoraError } from '../domain/errors.ts';
import type { Task } from '../domain/task.ts';
import { videoPath } from '../store/files.ts';
import { checkMp4 } from '../store/mp4.ts';
import { saveStream } from '../store/partfile.ts';
import { applyRemote, expiredError } from './apply.ts';
import { backendNamed, type Core } from './core.ts';
import { UNLEASED } from './leases.ts';
import { persist } from './persist.ts';
import { changed } from './submit.ts';

/** Waits between attempts, in milliseconds; the last repeats. */
const RETRY_AFTER_MS = [2_000, 10_000, 30_000, 120_000, 600_000];
/** A saved link is believed for this long even if nobody said when it lapses. */
const LINK_TRUST_MS = 30 * 60_000;
const MAX_ATTEMPTS = 40;

/** Brings a completed task's video into the data directory. Failure is written down and tried again later. */
export async function saveVideo(core: Core, task: Task, signal?: AbortSignal): Promise<void> {
  try {
    const current = linkLapsed(core, task) ? await freshLink(core, task, signal) : task;
    if (current.state !== 'completed') return;
    const saved = await download(core, current, signal);
    core.reached('save:renamed');
    await persist(() =>
      core.store.tasks.update(task.id, {
        filePath: saved.path,
        fileBytes: saved.bytes,
        saveState: 'saved',
        saveError: undefined,
        nextPollAt: undefined,
        ...UNLEASED,
      }),
    );
    core.reached('save:written');
    changed(core, task);
  } catch (error) {
    if (signal?.aborted) return await putBack(core, task);
    await noteFailure(core, task, error);
  }
}

async function download(core: Core, task: Task, signal?: AbortSignal): Promise<{ path: string; bytes: number }> {
  const backend = backendNamed(core, task.backend);
  const place = join(core.store.dataDir, videoPath(task));
  core.reached('save:begin');
  return await saveStream({
    dir: dirname(place),
    name: basename(place),
    open: (fromByte) => backend.openContent(known(task), 'video', fromByte, { signal }),
    check: checkMp4,
    signal,
  });
}

function known(task: Task): { remoteId: string; videoUrl?: string } {
  return { remoteId: task.remoteId ?? '', ...(task.videoUrl !== undefined && { videoUrl: task.videoUrl }) };
}

function linkLapsed(core: Core, task: Task): boolean {
  const now = core.clock();
  if (task.saveAttempts > 0) return true;
  return now >= (task.videoUrlExpiresAt ?? (task.completedAt ?? now) + LINK_TRUST_MS);
}

/** Asks again where the bytes are; a job that is no longer kept becomes `expired`. */
async function freshLink(core: Core, task: Task, signal?: AbortSignal): Promise<Task> {
  const backend = backendNamed(core, task.backend);
  try {
    const remote = await backend.getVideo(task.remoteId ?? '', { signal });
    if (remote.state !== 'completed' && remote.state !== 'expired') return task;
    return await persist(() => applyRemote(core, task, remote, 'get'));
  } catch (error) {
    if (error instanceof SoraError && (error.code === 'not_found' || error.code === 'link_expired')) {
      return await persist(() => markExpired(core, task));
    }
    throw error;
  }
}

function markExpired(core: Core, task: Task): Task {
  const expired = core.store.tasks.move(task.id, {
    from: 'completed',
    to: 'expired',
    patch: {
      error: expiredError(task),
      saveState: 'failed',
      nextPollAt: undefined,
      ...UNLEASED,
    },
  });
  changed(core, task);
  return expired ?? task;
}

async function noteFailure(core: Core, task: Task, error: unknown): Promise<void> {
  const message = error instanceof SoraError ? error.message : 'the video could not be saved';
  core.log(`task ${task.id}: saving failed: ${error instanceof Error ? error.message : String(error)}`);
  const attempts = task.saveAttempts + 1;
  const wait = RETRY_AFTER_MS[Math.min(attempts, RETRY_AFTER_MS.length) - 1]!;
  const last = attempts >= MAX_ATTEMPTS;
  await persist(() =>
    core.store.tasks.update(task.id, {
      saveAttempts: attempts,
      saveError: message,
      saveState: last ? 'failed' : 'pending',
      nextPollAt: last ? undefined : core.clock() + wait,
      ...UNLEASED,
    }),
  );
  changed(core, task);
}

async function putBack(core: Core, task: Task): Promise<void> {
  await persist(() => core.store.tasks.update(task.id, UNLEASED), 500);
}

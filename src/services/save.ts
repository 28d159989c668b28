import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Task } from '../domain/task.ts';
import { videoPath } from '../store/files.ts';
import { checkMp4 } from '../store/mp4.ts';
import { type PartSource, type SavedFile, saveStream } from '../store/partfile.ts';
import { linkOf } from './apply.ts';
import { changed } from './changes.ts';
import { backendNamed, type Core } from './core.ts';
import { persist } from './persist.ts';
import { markExpired, markSaved, noteFailure } from './save-outcome.ts';
import { keepStill } from './stills.ts';

/** A link is believed for this long even if nobody said when it lapses. */
const LINK_TRUST_MS = 30 * 60_000;
const STILL_WITHIN_MS = 5_000;

/** Brings a completed task's video into the data directory. Failure is written down and tried again later. */
export async function saveVideo(core: Core, task: Task, signal?: AbortSignal): Promise<void> {
  let saved: SavedFile;
  try {
    const current = linkLapsed(core, task) ? await freshLink(core, task, signal) : task;
    if (!current) return;
    saved = await download(core, current, signal);
  } catch (error) {
    if (signal?.aborted) return putBack(core, task);
    return await noteFailure(core, task, error);
  }
  core.reached('save:renamed');
  await markSaved(core, task, saved);
  core.reached('save:written');
  changed(core, task);
  // A still is a nicety: one that hangs must not keep the place that other videos need.
  await Promise.race([keepStill(core, task, signal), sleep(STILL_WITHIN_MS, undefined, { ref: false })]);
}

async function download(core: Core, task: Task, signal?: AbortSignal): Promise<SavedFile> {
  const backend = backendNamed(core, task.backend);
  const place = join(core.store.dataDir, videoPath(task));
  const known = { remoteId: task.remoteId ?? '', ...(task.videoUrl !== undefined && { videoUrl: task.videoUrl }) };
  core.reached('save:begun');
  return await saveStream({
    dir: dirname(place),
    name: basename(place),
    open: async (from) => telling(core, await backend.openContent(known, 'video', from, { signal })),
    check: async (path) => {
      await checkMp4(path);
      core.reached('save:checked');
    },
    signal,
  });
}

/** The same bytes, saying when the first of them are in the file. */
function telling(core: Core, source: PartSource): PartSource {
  async function* body(): AsyncGenerator<Uint8Array> {
    let told = false;
    for await (const chunk of source.body) {
      yield chunk;
      if (!told) core.reached('save:flowing');
      told = true;
    }
    core.reached('save:poured');
  }
  return { ...source, body: body() };
}

function linkLapsed(core: Core, task: Task): boolean {
  const now = core.clock();
  if (task.saveAttempts > 0 || servedElsewhere(core, task)) return true;
  return now >= (task.videoUrlExpiresAt ?? (task.completedAt ?? now) + LINK_TRUST_MS);
}

/** The embedded upstream is at another port in each process, and only the present one answers this process. */
function servedElsewhere(core: Core, task: Task): boolean {
  const { sandbox, origin } = backendNamed(core, task.backend).profile;
  return sandbox && task.videoUrl !== undefined && new URL(task.videoUrl).origin !== origin;
}

/** Asks again where the bytes are. Undefined when there is nothing more to fetch, or it is another process's to do. */
async function freshLink(core: Core, task: Task, signal?: AbortSignal): Promise<Task | undefined> {
  const remote = await backendNamed(core, task.backend).getVideo(task.remoteId ?? '', { signal });
  if (remote.state === 'expired') return void (await markExpired(core, task));
  const patch = remote.state === 'completed' ? linkOf(core, task, remote) : {};
  const leaseOwner = core.leases.owner;
  // The lease stays: the file is being saved.
  return await persist(() => core.store.tasks.move(task.id, { from: 'completed', to: 'completed', patch, leaseOwner }));
}

function putBack(core: Core, task: Task): void {
  core.store.tasks.releaseLease(task.id, core.leases.owner);
}

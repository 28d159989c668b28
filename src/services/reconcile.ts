import type { RemoteVideo } from '../backends/backend.ts';
import type { Task } from '../domain/task.ts';
import { applyRemote } from './apply.ts';
import type { Core, WatchedBackend } from './core.ts';
import { UNLEASED } from './leases.ts';
import { releaseHold } from './money.ts';
import { persist } from './persist.ts';
import { changed, unknownError } from './submit.ts';

/** A job may show up in a list so much before or after we wrote that it was sent: clocks differ. */
const CLOCK_SLACK_MS = 2 * 60_000;
/** How long a list may lag behind its creates. Only after this does "not listed" mean "never taken". */
export const GRACE_MS = 5 * 60_000;
const PAGES = 10;
const PAGE_SIZE = 100;

/** Looks for the job of a task whose create got no answer, in the list of its backend. */
export async function reconcile(core: Core, task: Task, signal?: AbortSignal): Promise<void> {
  const backend = core.backends.get(task.backend);
  if (!backend?.listVideos) return await keepUnknown(core, task, 'its backend cannot list jobs, so nobody can tell');
  const { found, complete } = await candidates(core, backend, task, signal);
  const [only] = found;
  if (only && found.length === 1) {
    core.log(`task ${task.id}: found upstream as ${only.remoteId}`);
    await persist(() => applyRemote(core, task, only, 'list'));
    return;
  }
  if (found.length > 1) return await keepUnknown(core, task, `${found.length} jobs upstream could be it`);
  const sentAt = task.submittedAt ?? task.createdAt;
  if (!complete) return await keepUnknown(core, task, 'the list of its backend does not tell enough');
  if (core.clock() - sentAt < GRACE_MS) return await keepUnknown(core, task, 'it is not listed yet');
  await persist(() => giveUp(core, task));
  changed(core, task);
}

interface Search {
  readonly found: readonly RemoteVideo[];
  /** The list reached back to before the create, and told the prompt of every job that could be it. */
  readonly complete: boolean;
}

async function candidates(core: Core, backend: WatchedBackend, task: Task, signal?: AbortSignal): Promise<Search> {
  const found: RemoteVideo[] = [];
  const earliest = (task.submittedAt ?? task.createdAt) - CLOCK_SLACK_MS;
  let mute = false;
  let after: string | undefined;
  for (let page = 0; page < PAGES; page++) {
    const { videos, after: next } = await backend.listVideos!(
      { limit: PAGE_SIZE, ...(after && { after }) },
      { signal },
    );
    for (const video of videos) {
      if (!fits(video, task) || isKnown(core, task, video)) continue;
      if (video.prompt === undefined) mute = true;
      else if (squeeze(video.prompt) === squeeze(task.sentPrompt)) found.push(video);
    }
    const oldest = videos.at(-1)?.createdAt;
    if (next === undefined || (oldest !== undefined && oldest < earliest)) return { found, complete: !mute };
    after = next;
  }
  return { found, complete: false };
}

function isKnown(core: Core, task: Task, video: RemoteVideo): boolean {
  const known = core.store.tasks.byRemoteId(task.workspace, video.remoteId, task.backend);
  return known !== undefined && known.id !== task.id;
}

/** Everything but the prompt. What the upstream does not tell cannot speak against it. */
function fits(video: RemoteVideo, task: Task): boolean {
  if (video.model !== undefined && video.model !== task.model) return false;
  if (video.size !== undefined && task.size !== undefined && video.size !== task.size) return false;
  if (task.kind !== 'extend' && video.seconds !== undefined && video.seconds !== task.seconds) return false;
  if (video.createdAt === undefined) return true;
  const sentAt = task.submittedAt ?? task.createdAt;
  return video.createdAt >= sentAt - CLOCK_SLACK_MS && video.createdAt <= sentAt + GRACE_MS + CLOCK_SLACK_MS;
}

function squeeze(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function giveUp(core: Core, task: Task): void {
  core.store.transaction(() => {
    core.store.tasks.move(task.id, {
      from: 'unknown',
      to: 'failed',
      patch: {
        charged: 'no',
        completedAt: core.clock(),
        nextPollAt: undefined,
        ...UNLEASED,
        error: {
          code: 'upstream_error',
          message: 'the create never reached the upstream: it lists no such job',
          hint: 'Nothing was charged. It is safe to ask again.',
          retryable: true,
          charged: 'no',
        },
      },
    });
    releaseHold(core, task);
  });
}

async function keepUnknown(core: Core, task: Task, why: string): Promise<void> {
  const now = core.clock();
  const age = now - (task.submittedAt ?? task.createdAt);
  // Soon at first, then ever more seldom: at a tenth of its age, at most every hour.
  const delay = Math.min(3_600_000, Math.max(5_000, age / 10));
  await persist(() =>
    core.store.tasks.update(task.id, {
      error: unknownError(`the answer to the create was lost; ${why}`),
      nextPollAt: now + delay,
      polls: task.polls + 1,
      heardAt: task.heardAt,
      ...UNLEASED,
    }),
  );
  changed(core, task);
}

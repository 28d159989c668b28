import type { RemoteVideo } from '../backends/backend.ts';
import type { Task } from '../domain/task.ts';
import { clean } from '../domain/text.ts';
import type { Core, WatchedBackend } from './core.ts';

/** A job may show up in a list so much before or after we wrote that it was sent: clocks differ. */
const CLOCK_SLACK_MS = 2 * 60_000;
/** How long a list may lag behind its creates. Only after this does "not listed" mean "never taken". */
export const GRACE_MS = 5 * 60_000;
const PAGES = 10;
const PAGE_SIZE = 100;
const RUNNING_LIMIT = 1_000;
const MAX_PROMPT = 32_000;

export interface Search {
  /** Jobs that nobody has and that could be the task's, the oldest first. */
  readonly found: readonly RemoteVideo[];
  /** Jobs like them but for their time; a clock may be wrong. */
  readonly odd: number;
  /** The list reached back to before the create, and told the prompt of every job that could be it. */
  readonly complete: boolean;
}

/** Looks through a backend's list for the job of a task whose create got no answer. */
export async function searchFor(
  core: Core,
  backend: WatchedBackend,
  task: Task,
  signal?: AbortSignal,
): Promise<Search> {
  const found: RemoteVideo[] = [];
  const earliest = sentAt(task) - CLOCK_SLACK_MS;
  let odd = 0;
  let mute = false;
  let after: string | undefined;
  const result = (reachedBack: boolean): Search => ({ found: byAge(found), odd, complete: reachedBack && !mute });
  for (let page = 0; page < PAGES; page++) {
    const { videos, after: next } = await backend.listVideos!(
      { limit: PAGE_SIZE, ...(after && { after }) },
      { signal },
    );
    for (const video of videos) {
      if (!fits(video, task) || isTaken(core, task, video)) continue;
      if (video.prompt === undefined) mute ||= inTime(video, task);
      else if (words(video.prompt) !== words(task.sentPrompt)) continue;
      else if (inTime(video, task)) found.push(video);
      else odd += 1;
    }
    const oldest = videos.at(-1)?.createdAt;
    if (next === undefined || (oldest !== undefined && oldest < earliest)) return result(true);
    after = next;
  }
  return result(false);
}

/** Other tasks whose creates could have made the same job: lost ones, and ones that are still out. */
export function twinsOf(core: Core, task: Task): readonly Task[] {
  return core.store.tasks
    .running(task.backend, RUNNING_LIMIT)
    .filter(
      (other) =>
        other.id !== task.id &&
        (other.state === 'unknown' || other.state === 'submitting') &&
        other.kind === task.kind &&
        other.model === task.model &&
        other.size === task.size &&
        other.seconds === task.seconds &&
        words(other.sentPrompt) === words(task.sentPrompt) &&
        Math.abs(sentAt(other) - sentAt(task)) <= GRACE_MS,
    );
}

export function sentAt(task: Task): number {
  return task.submittedAt ?? task.createdAt;
}

function isTaken(core: Core, task: Task, video: RemoteVideo): boolean {
  const owner = core.store.tasks.ownerOf(task.backend, video.remoteId);
  return owner !== undefined && owner.id !== task.id;
}

/** Everything but the prompt and the time. What the upstream does not tell cannot speak against it. */
function fits(video: RemoteVideo, task: Task): boolean {
  if (video.model !== undefined && video.model !== task.model) return false;
  if (video.size !== undefined && task.size !== undefined && video.size !== task.size) return false;
  return task.kind === 'extend' || video.seconds === undefined || video.seconds === task.seconds;
}

function inTime(video: RemoteVideo, task: Task): boolean {
  if (video.createdAt === undefined) return true;
  const since = video.createdAt - sentAt(task);
  return since >= -CLOCK_SLACK_MS && since <= GRACE_MS + CLOCK_SLACK_MS;
}

function words(prompt: string): string {
  return clean(prompt, MAX_PROMPT);
}

function byAge(videos: readonly RemoteVideo[]): readonly RemoteVideo[] {
  return videos.toSorted((a, b) => (a.createdAt ?? 0) - (b.createdAt ?? 0));
}

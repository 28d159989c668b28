import type { RemoteVideo } from '../backends/backend.ts';
import type { BackendProfile } from '../domain/models.ts';
import type { Task } from '../domain/task.ts';
import { clean } from '../domain/text.ts';
import type { Core, WatchedBackend } from './core.ts';
import { LIST_LAG_MS } from './vigils.ts';

/** A job may show up in a list so much before or after we wrote that it was sent: clocks differ. */
const CLOCK_SLACK_MS = 2 * 60_000;
const PAGES = 10;
const PAGE_SIZE = 100;
const RUNNING_LIMIT = 1_000;
const MAX_PROMPT = 32_000;

export interface Search {
  /** Jobs that nobody has and that could be the task's, the oldest first. */
  readonly found: readonly RemoteVideo[];
  /** How many may be it, only told otherwise: a name or a size spelt differently, a prompt cut short or left out. */
  readonly near: number;
  /** Jobs like the task's but for their time; a clock may be wrong. */
  readonly odd: number;
  /** The list was read to its end, or surely to before the create. */
  readonly complete: boolean;
}

/** Whether its backend says what jobs it has. */
export function canBeLookedFor(core: Core, task: Task): boolean {
  return core.backends.get(task.backend)?.listVideos !== undefined;
}

/** Looks through a backend's list for the job of a task whose create got no answer. */
export async function searchFor(
  core: Core,
  backend: WatchedBackend,
  task: Task,
  signal?: AbortSignal,
): Promise<Search> {
  const { videos, complete } = await readList(backend, sentAt(task) - CLOCK_SLACK_MS, signal);
  const free = videos.filter((video) => !isTaken(core, task, video));
  const alike = free.map((video) => ({ video, likeness: likenessOf(video, task, backend.profile) }));
  const like = (likeness: Likeness, timely: boolean) =>
    alike.filter((each) => each.likeness === likeness && inTime(each.video, task) === timely).map(({ video }) => video);
  return {
    found: byAge(like('same', true)),
    near: like('near', true).length,
    odd: like('same', false).length,
    complete,
  };
}

/** The list, each job once: to its end, or to before `earliest` where it is in order, the newest first. */
async function readList(
  backend: WatchedBackend,
  earliest: number,
  signal: AbortSignal | undefined,
): Promise<{ readonly videos: readonly RemoteVideo[]; readonly complete: boolean }> {
  const listed = new Map<string, RemoteVideo>();
  const times: number[] = [];
  let after: string | undefined;
  for (let page = 0; page < PAGES; page++) {
    const { videos, after: next } = await backend.listVideos!(
      { limit: PAGE_SIZE, ...(after && { after }) },
      { signal },
    );
    for (const video of videos) listed.set(video.remoteId, video);
    times.push(...videos.flatMap(({ createdAt }) => createdAt ?? []));
    const reachedBack = newestFirst(times) && times.at(-1)! < earliest;
    if (next === undefined || reachedBack) return { videos: [...listed.values()], complete: true };
    after = next;
  }
  return { videos: [...listed.values()], complete: false };
}

/** Surely so: some servers do not mind what order is asked for. Equal times show no order. */
function newestFirst(times: readonly number[]): boolean {
  return times.every((time, at) => at === 0 || time <= times[at - 1]!) && times.at(-1)! < times[0]!;
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
        Math.abs(sentAt(other) - sentAt(task)) <= LIST_LAG_MS,
    );
}

export function sentAt(task: Task): number {
  return task.submittedAt ?? task.createdAt;
}

function isTaken(core: Core, task: Task, video: RemoteVideo): boolean {
  const owner = core.store.tasks.ownerOf(task.backend, video.remoteId);
  return owner !== undefined && owner.id !== task.id;
}

type Likeness = 'same' | 'near' | 'other';

/** What the upstream does not tell cannot speak against it; but without the prompt nothing speaks for it. */
function likenessOf(video: RemoteVideo, task: Task, profile: BackendProfile): Likeness {
  const offers = profile.models;
  const offer = offers.find(({ id }) => id === task.model);
  const likenesses = [
    promptLikeness(video.prompt, task.sentPrompt),
    likeness(
      video.model,
      task.model,
      offers.map(({ id }) => id),
    ),
    likeness<string>(video.size, task.size, offer?.sizes),
    task.kind === 'extend' ? 'same' : likeness(video.seconds, task.seconds, offer?.seconds),
    // Only a remix is told apart from others.
    video.remixedFrom !== undefined && task.kind === 'video' ? 'other' : 'same',
  ];
  if (likenesses.includes('other')) return 'other';
  return likenesses.includes('near') ? 'near' : 'same';
}

/** Another value that the backend is known to have is another job's; any other may be its own way to spell ours. */
function likeness<T>(told: T | undefined, ours: T | undefined, known: readonly T[] = []): Likeness {
  if (told === undefined || ours === undefined || told === ours) return 'same';
  return known.includes(told) ? 'other' : 'near';
}

function promptLikeness(told: string | undefined, ours: string): Likeness {
  if (told === undefined) return 'near';
  if (words(told) === words(ours)) return 'same';
  const [a, b] = [letters(told), letters(ours)];
  return a.startsWith(b) || b.startsWith(a) ? 'near' : 'other';
}

function inTime(video: RemoteVideo, task: Task): boolean {
  if (video.createdAt === undefined) return true;
  const since = video.createdAt - sentAt(task);
  return since >= -CLOCK_SLACK_MS && since <= LIST_LAG_MS + CLOCK_SLACK_MS;
}

function words(prompt: string): string {
  return clean(prompt, MAX_PROMPT);
}

/** What is left of a text however it is spaced, quoted or escaped. */
export function letters(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '');
}

function byAge(videos: readonly RemoteVideo[]): readonly RemoteVideo[] {
  return videos.toSorted((a, b) => (a.createdAt ?? 0) - (b.createdAt ?? 0));
}

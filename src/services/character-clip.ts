import { mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ClipSpan } from '../domain/character.ts';
import { SoraError, withFacts } from '../domain/errors.ts';
import type { BackendProfile } from '../domain/models.ts';
import type { MediaSource } from '../domain/video.ts';
import { checkClip, inspectClip } from '../media/clip.ts';
import { within } from './answer-time.ts';
import type { Core } from './core.ts';
import { rangeOf, SLACK_SECONDS, spanToSend } from './source-clip.ts';

/** A clip that was looked at. */
export interface SentClip {
  readonly media: MediaSource;
  /** The part of it to name. */
  readonly span: ClipSpan;
  /** Call it when nothing is sent any more. */
  readonly done: () => Promise<void>;
}

/** A clip that the upstream fetches itself is looked at if it comes to us within this; else it is the upstream's to judge. */
const LOOK_WITHIN_MS = 5_000;

/**
 * Looks at a clip before money is spent: a video at all, and as long and as large as the backend wants it. One that we
 * upload from its address is fetched once, so that what was looked at is what is sent.
 */
export async function clipToSend(
  core: Core,
  profile: BackendProfile,
  media: MediaSource,
  span: ClipSpan,
  signal?: AbortSignal,
): Promise<SentClip> {
  if (media.kind === 'file') {
    const seconds = await checked(media.path, 'file_path', profile, span);
    return { media, span: spanToSend(profile, span, seconds), done: async () => {} };
  }
  const folder = join(core.store.dataDir, 'references', core.newId('clip'));
  const done = () => rm(folder, { recursive: true, force: true });
  const weUpload = profile.capabilities.characterFetch;
  let part = span;
  try {
    const path = await (weUpload ? fetched : fetchedIfItCan)(core, media.url, folder, signal);
    if (path !== undefined) part = spanToSend(profile, span, await checked(path, 'video_url', profile, span));
    if (weUpload && path !== undefined) return { media: { kind: 'file', path }, span: part, done };
  } catch (error) {
    await done();
    throw error;
  }
  await done();
  return { media, span: part, done: async () => {} };
}

/** Where we cannot get at it, the upstream may; where it answers that there is no such video, nobody can. */
async function fetchedIfItCan(
  core: Core,
  url: string,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  try {
    return await within(LOOK_WITHIN_MS, signal, (soon) => fetched(core, url, folder, soon));
  } catch (error) {
    if (error instanceof SoraError && isNoVideo(error.details)) throw error;
    return undefined;
  }
}

function isNoVideo({ status, contentType }: NonNullable<SoraError['details']> = {}): boolean {
  return status === 404 || status === 410 || contentType !== undefined;
}

async function fetched(core: Core, url: string, folder: string, signal?: AbortSignal): Promise<string> {
  const bytes = await core.fetchMedia(url, 'video_url', signal);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(
    folder,
    basename(new URL(url).pathname)
      .replace(/[^\w.-]+/g, '_')
      .slice(-80) || 'clip',
  );
  await writeFile(path, bytes, { mode: 0o600 });
  return path;
}

/** How long it is, in seconds. */
async function checked(path: string, field: string, profile: BackendProfile, span: ClipSpan): Promise<number> {
  try {
    return await checkSourceClip(path, profile, span);
  } catch (error) {
    throw error instanceof SoraError ? withFacts(error, { field: error.field ?? field }) : error;
  }
}

async function checkSourceClip(path: string, profile: BackendProfile, span: ClipSpan): Promise<number> {
  const { characterClipSeconds, characterClipSides, characterClipRatios, characterRange } = profile.capabilities;
  const clip = await inspectClip(path);
  const [minShortSide, maxShortSide] = characterClipSides ?? [];
  const shape = { minShortSide, maxShortSide, aspectRatios: characterClipRatios };
  const range = { start: span.startSeconds, end: span.endSeconds };
  if (characterRange || characterClipSeconds === undefined) {
    checkClip(clip, { ...shape, seconds: characterClipSeconds }, range);
    return clip.seconds;
  }
  checkClip(clip, shape);
  const [min, max] = characterClipSeconds;
  if (clip.seconds >= min - SLACK_SECONDS && clip.seconds <= max + SLACK_SECONDS) return clip.seconds;
  const wanted = rangeOf(characterClipSeconds);
  throw new SoraError({
    code: 'file_invalid',
    message: `the clip is ${clip.seconds.toFixed(1)} s; ${profile.id} wants ${wanted} and takes clips whole`,
    hint: `Give a clip of ${wanted}: cut this one first; start_seconds and end_seconds do not help there.`,
  });
}

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ClipSpan } from '../domain/character.ts';
import { SoraError, withFacts } from '../domain/errors.ts';
import type { BackendProfile } from '../domain/models.ts';
import type { MediaSource } from '../domain/video.ts';
import { checkClip, inspectClip } from '../media/clip.ts';
import type { Core } from './core.ts';
import { rangeOf, SLACK_SECONDS } from './source-clip.ts';

/** A clip that was looked at. */
export interface SentClip {
  readonly media: MediaSource;
  /** Call it when nothing is sent any more. */
  readonly done: () => Promise<void>;
}

/**
 * Looks at a clip that we upload before money is spent: a video at all, and as long and as large as the backend wants
 * it. One that is given by its address is fetched once, so that what was looked at is what is sent.
 */
export async function clipToSend(
  core: Core,
  profile: BackendProfile,
  media: MediaSource,
  span: ClipSpan,
): Promise<SentClip> {
  if (media.kind === 'file') {
    await checked(media.path, 'file_path', profile, span);
    return { media, done: async () => {} };
  }
  if (!profile.capabilities.characterFetch) return { media, done: async () => {} };
  const folder = join(core.store.dataDir, 'references', core.newId('clip'));
  const done = () => rm(folder, { recursive: true, force: true });
  try {
    const path = await fetched(core, media.url, folder);
    await checked(path, 'video_url', profile, span);
    return { media: { kind: 'file', path }, done };
  } catch (error) {
    await done();
    throw error;
  }
}

async function fetched(core: Core, url: string, folder: string): Promise<string> {
  const bytes = await core.fetchMedia(url, 'video_url');
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

async function checked(path: string, field: string, profile: BackendProfile, span: ClipSpan): Promise<void> {
  try {
    await checkSourceClip(path, profile, span);
  } catch (error) {
    throw error instanceof SoraError ? withFacts(error, { field: error.field ?? field }) : error;
  }
}

async function checkSourceClip(path: string, profile: BackendProfile, span: ClipSpan): Promise<void> {
  const { characterClipSeconds, characterClipSides, characterClipRatios, characterRange } = profile.capabilities;
  const clip = await inspectClip(path);
  const [minShortSide, maxShortSide] = characterClipSides ?? [];
  const shape = { minShortSide, maxShortSide, aspectRatios: characterClipRatios };
  const range = { start: span.startSeconds, end: span.endSeconds };
  if (characterRange || characterClipSeconds === undefined) {
    checkClip(clip, { ...shape, seconds: characterClipSeconds }, range);
    return;
  }
  checkClip(clip, shape);
  const [min, max] = characterClipSeconds;
  if (clip.seconds >= min - SLACK_SECONDS && clip.seconds <= max + SLACK_SECONDS) return;
  const wanted = rangeOf(characterClipSeconds);
  throw new SoraError({
    code: 'file_invalid',
    message: `the clip is ${clip.seconds.toFixed(1)} s; ${profile.id} wants ${wanted} and takes clips whole`,
    hint: `Give a clip of ${wanted}: cut this one first; start_seconds and end_seconds do not help there.`,
  });
}

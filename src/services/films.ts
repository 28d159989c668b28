import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SoraError } from '../domain/errors.ts';
import { slugOf } from '../store/files.ts';
import type { StoredStoryboard, StoryboardPatch } from '../store/storyboards.ts';
import type { Core } from './core.ts';
import { taskOf } from './draft.ts';
import { persist } from './persist.ts';
import { fetchLostClips, isThere } from './scene-files.ts';
import { isMoving, revisionOfScene, takeRevisions } from './scene-revisions.ts';

/** A draft that nobody has written to for so long is left over from a process that died. */
const STALE_DRAFT_MS = 3_600_000;

/** Joins the films whose scenes are all there, and puts finished revisions into their places first. */
export async function joinFilms(core: Core, signal?: AbortSignal): Promise<void> {
  for (const pending of core.store.storyboards.pendingFilms()) {
    if (signal?.aborted) return;
    const board = await persist(() => takeRevisions(core, pending));
    if (board !== pending) publish(core, board);
    const clips = clipsOf(core, board);
    if (clips) {
      if (!(await fetchLostClips(core, board))) await joinFilm(core, board, clips, signal);
    } else if (!isComing(core, board)) {
      // It is not looked at again until somebody changes it.
      await persist(() => finish(core, board, { filmState: 'none', filmError: undefined }));
    }
  }
}

/** The scenes' files in order; undefined while one is missing or a revision of one is still being made. */
export function clipsOf(core: Core, board: StoredStoryboard): string[] | undefined {
  const clips: string[] = [];
  for (const scene of board.scenes) {
    const path = taskOf(core, scene)?.filePath;
    const revision = revisionOfScene(core, scene);
    if (path === undefined || (revision && isMoving(revision))) return undefined;
    clips.push(path);
  }
  return clips;
}

/** All scenes have a clip or are on their way to one. */
function isComing(core: Core, board: StoredStoryboard): boolean {
  return board.scenes.every((scene) => {
    const task = taskOf(core, scene);
    return task !== undefined && (task.filePath !== undefined || isMoving(task));
  });
}

async function joinFilm(
  core: Core,
  board: StoredStoryboard,
  clips: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  try {
    const path = await writeFilm(core, board, clips, signal);
    core.reached('film:joined');
    await persist(() => finish(core, board, { filmState: 'joined', filmPath: path, filmError: undefined }));
    await removeOutdated(core, board, path);
  } catch (error) {
    if (signal?.aborted) return;
    core.log(`storyboard ${board.id}: joining failed: ${error instanceof Error ? error.message : String(error)}`);
    const told = error instanceof SoraError ? [error.message, error.hint] : ['the clips could not be joined'];
    const filmError = told.filter((part) => part !== undefined).join('. ');
    await persist(() => finish(core, board, { filmState: 'failed', filmError }));
  }
}

async function writeFilm(
  core: Core,
  board: StoredStoryboard,
  clips: readonly string[],
  signal?: AbortSignal,
): Promise<string> {
  const folder = join(core.store.dataDir, 'films');
  const path = join(folder, filmName(board, clips));
  if (await isThere(path)) return path;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await removeStaleDrafts(folder);
  const { joinClips } = await import('../media/film.ts');
  // Several processes may join the same film at once: each writes its own draft, and the names meet only at the end.
  const draft = join(folder, `.${core.newId('film')}.mp4`);
  await joinClips({ clips, output: draft, signal });
  await rename(draft, path);
  return path;
}

/** Of the film that was there and the new one, the storyboard names one; nobody is told of the other. */
async function removeOutdated(core: Core, before: StoredStoryboard, path: string): Promise<void> {
  const kept = core.store.storyboards.get(before.workspace, before.id)?.filmPath;
  for (const film of new Set([before.filmPath, path])) {
    if (film !== undefined && film !== kept) await rm(film, { force: true });
  }
}

/** Holds only for the storyboard that was joined: it may have been changed since, and is pending then. */
function finish(core: Core, board: StoredStoryboard, outcome: StoryboardPatch): void {
  core.store.transaction(() => {
    const now = core.store.storyboards.get(board.workspace, board.id);
    const facts = (one: StoredStoryboard | undefined) =>
      JSON.stringify([one?.title, one?.scenes.map(({ id, taskId, state }) => [id, taskId, state])]);
    if (facts(now) === facts(board)) core.store.storyboards.updateStoryboard(board.id, outcome);
  });
  publish(core, board);
}

function publish(core: Core, board: StoredStoryboard): void {
  core.changes.publish(board.workspace, { kind: 'storyboard', storyboardId: board.id });
}

/** Named after what is in it, so that a film which is there need not be made again and none is overwritten. */
function filmName(board: StoredStoryboard, clips: readonly string[]): string {
  const content = createHash('sha256').update(JSON.stringify(clips)).digest('hex').slice(0, 8);
  return `${slugOf(board.title) || 'film'}-${content}.mp4`;
}

async function removeStaleDrafts(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!/^\.film_\w+\.mp4/.test(name)) continue;
    const facts = await stat(join(folder, name)).catch(() => undefined);
    if (facts && Date.now() - facts.mtimeMs > STALE_DRAFT_MS) await rm(join(folder, name), { force: true });
  }
}

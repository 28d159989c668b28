import { createHash } from 'node:crypto';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SoraError } from '../domain/errors.ts';
import { isFinal, type Task } from '../domain/task.ts';
import { slugOf } from '../store/files.ts';
import type { StoredStoryboard } from '../store/storyboards.ts';
import type { Core } from './core.ts';
import { persist } from './persist.ts';

/** Joins the films whose scenes are all there, and puts finished revisions into their places first. */
export async function joinFilms(core: Core, signal?: AbortSignal): Promise<void> {
  for (const board of core.store.storyboards.pendingFilms()) {
    if (signal?.aborted) return;
    const current = takeRevisions(core, board);
    const clips = clipsOf(core, current);
    if (clips) await joinFilm(core, current, clips, signal);
  }
}

/** A scene whose clip was revised shows the revision, once that is saved. */
function takeRevisions(core: Core, board: StoredStoryboard): StoredStoryboard {
  const changed = board.scenes.filter((scene) => {
    const revision = scene.taskId === undefined ? undefined : finishedRevision(core, scene.taskId);
    if (!revision) return false;
    core.store.storyboards.updateScene(scene.id, { taskId: revision.id });
    return true;
  });
  if (changed.length === 0) return board;
  return core.store.storyboards.get(board.workspace, board.id) ?? board;
}

function finishedRevision(core: Core, taskId: string): Task | undefined {
  return core.store.tasks
    .children(taskId)
    .findLast(
      (child) => child.storyboardId !== undefined && child.state === 'completed' && child.filePath !== undefined,
    );
}

/** The scenes' files in order; undefined while one is missing or a revision of one is still being made. */
function clipsOf(core: Core, board: StoredStoryboard): string[] | undefined {
  const clips: string[] = [];
  for (const { taskId } of board.scenes) {
    const task = taskId === undefined ? undefined : core.store.tasks.byId(taskId);
    if (task?.state !== 'completed' || task.filePath === undefined) return undefined;
    if (core.store.tasks.children(task.id).some((child) => child.storyboardId !== undefined && !isFinal(child.state))) {
      return undefined;
    }
    clips.push(task.filePath);
  }
  return clips;
}

async function joinFilm(
  core: Core,
  board: StoredStoryboard,
  clips: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  const path = filmPath(core, board, clips);
  try {
    if (!(await exists(path))) {
      await mkdir(join(core.store.dataDir, 'films'), { recursive: true, mode: 0o700 });
      const { joinClips } = await import('../media/film.ts');
      await joinClips({ clips: [...clips], output: path, signal });
    }
    core.reached('film:joined');
    await persist(() =>
      core.store.storyboards.updateStoryboard(board.id, { filmState: 'joined', filmPath: path, filmError: undefined }),
    );
  } catch (error) {
    if (signal?.aborted) return;
    const told = error instanceof SoraError ? error : undefined;
    core.log(`storyboard ${board.id}: joining failed: ${error instanceof Error ? error.message : String(error)}`);
    if (told?.retryable) return;
    const filmError = told?.message ?? 'the clips could not be joined';
    await persist(() => core.store.storyboards.updateStoryboard(board.id, { filmState: 'failed', filmError }));
  }
  core.changes.publish(board.workspace, { kind: 'storyboard', storyboardId: board.id });
}

/** Named after what is in it, so that a film which is there need not be made again and none is overwritten. */
function filmPath(core: Core, board: StoredStoryboard, clips: readonly string[]): string {
  const content = createHash('sha256').update(JSON.stringify(clips)).digest('hex').slice(0, 8);
  return join(
    core.store.dataDir,
    'films',
    `${[slugOf(board.title), content].filter((part) => part !== '').join('-')}.mp4`,
  );
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

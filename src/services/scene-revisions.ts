import { isFinal, type Task } from '../domain/task.ts';
import type { StoredScene, StoredStoryboard } from '../store/storyboards.ts';
import type { Core } from './core.ts';

/** Where a video stands in a storyboard. */
export interface ScenePlace {
  readonly storyboardId: string;
  readonly sceneId: string;
}

/** The scene that shows a video, or one that was made from it. */
export function placeOf(core: Core, task: Task): ScenePlace | undefined {
  const storyboardId = task.storyboardId ?? core.store.storyboards.idOfTask(task.id);
  const board = storyboardId === undefined ? undefined : core.store.storyboards.get(task.workspace, storyboardId);
  const scene =
    board?.scenes.find((each) => each.taskId === task.id) ??
    board?.scenes.find((each) => descends(core, each.taskId, task.id) || revisionId(each) === task.id);
  return board && scene && { storyboardId: board.id, sceneId: scene.id };
}

function descends(core: Core, taskId: string | undefined, ancestorId: string): boolean {
  for (let at = taskId; at !== undefined; at = core.store.tasks.byId(at)?.parentId) {
    if (at === ancestorId) return true;
  }
  return false;
}

/** Has the film wait for a revision of one of its scenes. Call in the transaction that writes the revision's intent. */
export function expectRevision(core: Core, { storyboardId, sceneId }: ScenePlace, taskId: string): void {
  core.store.storyboards.updateScene(sceneId, { state: { revision: taskId } });
  core.store.storyboards.updateStoryboard(storyboardId, { filmState: 'pending', filmError: undefined });
}

/** A scene's revision that is not in its place: under way, or failed. */
export function revisionOfScene(core: Core, scene: StoredScene): Task | undefined {
  const id = revisionId(scene);
  return id === undefined ? undefined : core.store.tasks.byId(id);
}

function revisionId(scene: StoredScene): string | undefined {
  const id = scene.state?.revision;
  return typeof id === 'string' ? id : undefined;
}

/** Revisions that are saved take their scenes' places. */
export function takeRevisions(core: Core, board: StoredStoryboard): StoredStoryboard {
  const done = board.scenes.flatMap((scene) => {
    const revision = revisionOfScene(core, scene);
    return revision?.state === 'completed' && revision.filePath !== undefined ? { scene, revision } : [];
  });
  if (done.length === 0) return board;
  core.store.transaction(() => {
    for (const { scene, revision } of done) {
      core.store.storyboards.updateScene(scene.id, { taskId: revision.id, state: undefined });
    }
  });
  return core.store.storyboards.get(board.workspace, board.id) ?? board;
}

/** Something more will come of a job by itself, a saved file included. */
export function isMoving(task: Task): boolean {
  if (task.state === 'completed') return task.filePath === undefined && task.saveState !== 'failed';
  return !isFinal(task.state);
}

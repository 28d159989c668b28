import { basename } from 'node:path';
import type { Task } from '../domain/task.ts';
import { clean } from '../domain/text.ts';
import type { SceneReport, StoryboardReport } from '../services/services.ts';
import { progressOf, taskErrorView } from './task-views.ts';
import type { FileLink } from './tool.ts';
import { iso, usd } from './views.ts';

const MAX_PROMPT_EXCERPT = 60;
const MAX_REASON = 400;

/** All scenes at a glance: what each is, how far it is, and what is wrong with it. */
export function boardView(report: StoryboardReport) {
  const { backend, model, scenes } = inCommon(report.scenes);
  return {
    storyboard_id: report.id,
    title: report.title,
    status: report.status,
    progress: report.status === 'planned' ? undefined : boardProgress(report),
    backend,
    model,
    scenes: scenes.map((scene) => sceneView(scene, report)),
    seconds: secondsOf(report.scenes),
    film_path: report.filmPath,
    film_error: report.filmError,
    cost_usd: usd(report.cost),
    new_cost_usd: usd(report.newCost),
    notes: report.notes,
    waiting: waitingOf(report.scenes),
    hint: hintFor(report),
    next_poll_seconds: report.nextPollSeconds,
  };
}

/** One line of a list of storyboards. */
export function boardLineView(report: StoryboardReport) {
  return {
    storyboard_id: report.id,
    title: clean(report.title, MAX_PROMPT_EXCERPT),
    status: report.status,
    scenes: report.scenes.length,
    film_path: report.filmPath,
    created_at: iso(report.createdAt),
  };
}

/** Everything that is known about a storyboard, for its resource. */
export function fullBoardView(report: StoryboardReport) {
  return {
    ...boardView(report),
    style: report.style,
    scenes: report.scenes.map((scene) => ({
      ...sceneView(scene, report),
      prompt: scene.prompt,
      backend: scene.backend,
      file_path: scene.task?.filePath,
    })),
    created_at: iso(report.createdAt),
  };
}

function sceneView(scene: SceneReport, report: StoryboardReport) {
  const { task, revision } = scene;
  const running = task?.state === 'in_progress' || task?.state === 'queued';
  return {
    scene: scene.scene,
    status: scene.status,
    progress: running ? progressOf(task) : undefined,
    task_id: task?.id,
    prompt: clean(scene.prompt, MAX_PROMPT_EXCERPT),
    seconds: scene.seconds,
    size: scene.size,
    backend: scene.backend,
    model: scene.model,
    cost_usd: usd(scene.cost),
    // Once there is a film, a scene's own file is a question to get_task.
    file_path: report.filmPath === undefined ? task?.filePath : undefined,
    mode: task?.kind === 'video' ? undefined : task?.kind,
    parent_id: task?.parentId,
    error: task?.error && taskErrorView(task.error),
    save_error: task?.filePath === undefined && task?.saveError ? clean(task.saveError, MAX_REASON) : undefined,
    revision: revision && revisionView(revision),
    reasons: scene.reasons?.map((reason) => clean(reason, MAX_REASON)),
  };
}

function revisionView(revision: Task) {
  const failed = revision.state === 'failed' || revision.state === 'expired';
  return {
    task_id: revision.id,
    mode: revision.kind,
    status: revision.state,
    progress: failed ? undefined : progressOf(revision),
    error: revision.error && taskErrorView(revision.error),
  };
}

/** What all scenes have in common is said once. */
function inCommon(scenes: readonly SceneReport[]) {
  const backend = sameOf(scenes, 'backend');
  const model = sameOf(scenes, 'model');
  const [first] = scenes;
  const reasons = JSON.stringify(first?.reasons);
  const repeated = (scene: SceneReport) =>
    backend !== undefined && scene !== first && JSON.stringify(scene.reasons) === reasons;
  return {
    backend,
    model,
    scenes: scenes.map((scene) => ({
      ...scene,
      backend: backend === undefined ? scene.backend : undefined,
      model: model === undefined ? scene.model : undefined,
      reasons: repeated(scene) ? undefined : scene.reasons,
    })),
  };
}

function sameOf(scenes: readonly SceneReport[], fact: 'backend' | 'model'): string | undefined {
  const value = scenes[0]?.[fact];
  return scenes.every((scene) => scene[fact] === value) ? value : undefined;
}

/** Why scenes were not sent yet, each reason once. */
function waitingOf(scenes: readonly SceneReport[]): string[] {
  const byReason = new Map<string, number[]>();
  for (const { scene, waiting } of scenes) {
    if (waiting !== undefined) byReason.set(waiting, [...(byReason.get(waiting) ?? []), scene]);
  }
  return [...byReason].map(([why, numbers]) => `scene ${numbers.join(', ')}: ${clean(why, MAX_REASON)}`);
}

function secondsOf(scenes: readonly SceneReport[]): number | undefined {
  if (scenes.some((scene) => scene.seconds === undefined)) return undefined;
  return scenes.reduce((total, scene) => total + (scene.seconds ?? 0), 0);
}

/** 0 to 100; what remains at the end is the joining. */
export function boardProgress({ status, scenes }: StoryboardReport): number {
  if (status === 'completed') return 100;
  const jobs = scenes.map(({ task, revision }) => {
    const failed = revision?.state === 'failed' || revision?.state === 'expired';
    return failed ? task : (revision ?? task);
  });
  const sum = jobs.reduce((total, job) => total + (job ? progressOf(job) : 0), 0);
  return Math.min(99, Math.floor(sum / Math.max(1, scenes.length)));
}

/** One short sentence for a progress bar. */
export function boardMessage(report: StoryboardReport): string {
  const ready = report.scenes.filter(({ task }) => task?.filePath !== undefined).length;
  return `${report.id} ${ready} of ${report.scenes.length} scenes ready`;
}

/** The film, when there is one. */
export function filmOf({ id, filmPath }: StoryboardReport): readonly FileLink[] {
  return id === undefined || filmPath === undefined
    ? []
    : [{ id, path: filmPath, name: basename(filmPath), mimeType: 'video/mp4' }];
}

function hintFor(report: StoryboardReport): string | undefined {
  switch (report.status) {
    case 'planned':
      return plannedHint(report);
    case 'making':
      return makingHint(report);
    case 'attention':
      return attentionHint(report);
    case 'completed':
      return undefined;
    default:
      return report.status satisfies never;
  }
}

function makingHint({ newCost, scenes }: StoryboardReport): string | undefined {
  if (newCost !== undefined) return 'get_task with the storyboard_id follows it.';
  const waits = scenes.some(({ waiting }) => waiting !== undefined);
  return waits
    ? 'They are sent when they can be; redo: true on them plans them anew, elsewhere if need be.'
    : undefined;
}

function plannedHint({ refused, scenes }: StoryboardReport): string {
  if (refused) return 'Nothing is made yet, and as it stands make_storyboard without dry_run is refused: see notes.';
  const free = scenes.every(({ status }) => status !== 'planned');
  if (free) return 'No scene is made anew, so it costs nothing; make_storyboard without dry_run does it.';
  return 'Nothing is made yet. Tell the user the price and what notes say; make_storyboard without dry_run makes it.';
}

function attentionHint({ id, scenes, filmError }: StoryboardReport): string | undefined {
  const missing = scenes.filter(({ task }) => task === undefined || isGivenUp(task));
  if (missing.length > 0) {
    const which = missing.map(({ scene }) => scene).join(', ');
    const again = missing.every(({ task }) => task !== undefined) ? ' again' : '';
    return `make_storyboard with only storyboard_id ${id} makes scene ${which}${again}; give scenes to change prompts.`;
  }
  if (filmError !== undefined) return 'The scenes stay as files; get_task with a task_id has each.';
  return undefined;
}

/** Nothing can be shown of it, and nothing more comes of it. */
function isGivenUp({ state, filePath, saveState }: Task): boolean {
  if (state === 'failed') return true;
  return filePath === undefined && (state === 'expired' || (state === 'completed' && saveState === 'failed'));
}

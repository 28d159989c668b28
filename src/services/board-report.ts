import { type MicroUsd, sum } from '../domain/money.ts';
import { isFinal, type Task } from '../domain/task.ts';
import type { StoredScene, StoredStoryboard } from '../store/storyboards.ts';
import type { QuotedScene } from './commission.ts';
import type { Core } from './core.ts';
import { reportOf } from './report.ts';
import type { Draft } from './scenes.ts';
import type { SceneReport, StoryboardReport } from './services.ts';

/** A stored storyboard as it stands. */
export function boardReport(core: Core, board: StoredStoryboard): StoryboardReport {
  const scenes = board.scenes.map((scene, index) => sceneReport(core, scene, index));
  const waits = scenes.flatMap(({ task }) => (task ? (reportOf(core, task).nextPollSeconds ?? []) : []));
  const status = statusOf(board, scenes);
  return {
    id: board.id,
    title: board.title,
    status,
    scenes,
    cost: costOf(scenes),
    filmPath: board.filmState === 'joined' ? board.filmPath : undefined,
    filmError: board.filmError,
    notes: [],
    nextPollSeconds: status === 'making' ? Math.min(...waits, 5) : undefined,
  };
}

function sceneReport(core: Core, scene: StoredScene, index: number): SceneReport {
  const task = scene.taskId === undefined ? undefined : core.store.tasks.byId(scene.taskId);
  const revision = task && core.store.tasks.children(task.id).findLast((child) => !isFinal(child.state));
  return {
    scene: index + 1,
    prompt: scene.prompt,
    status: task?.state ?? 'planned',
    task,
    revisedBy: revision?.id,
    backend: task?.backend,
    seconds: task?.seconds ?? scene.duration,
    cost: task && priceOf(task),
  };
}

function priceOf(task: Task): MicroUsd | undefined {
  return task.state === 'failed' && task.charged === 'no' ? undefined : (task.spent ?? task.quoted);
}

function costOf(scenes: readonly SceneReport[]): MicroUsd {
  return sum(scenes.flatMap((scene) => scene.cost ?? []));
}

function statusOf(board: StoredStoryboard, scenes: readonly SceneReport[]): StoryboardReport['status'] {
  const moving = scenes.some(
    ({ task, revisedBy }) => revisedBy !== undefined || (task !== undefined && isMoving(task)),
  );
  if (moving) return 'making';
  if (board.filmState === 'joined') return 'completed';
  if (scenes.every(({ status }) => status === 'planned')) return 'planned';
  const all = scenes.every(({ task }) => task?.filePath !== undefined);
  return all && board.filmState === 'pending' ? 'making' : 'attention';
}

/** Something more will come of it by itself. */
function isMoving(task: Task): boolean {
  if (task.state === 'completed') return task.saveState === 'pending';
  return !isFinal(task.state) && task.state !== 'unknown';
}

/** Nothing more comes by itself. */
export function isBoardSettled(report: StoryboardReport): boolean {
  return report.status !== 'making';
}

/** What making a draft would mean; nothing of it is stored. */
export function plannedReport(core: Core, draft: Draft, quote: readonly QuotedScene[]): StoryboardReport {
  const planned = new Map(quote.map((each) => [each.index, each.choice]));
  const scenes = draft.scenes.map(({ scene }, index): SceneReport => {
    const choice = planned.get(index);
    if (!choice) return sceneReport(core, scene, index);
    return {
      scene: index + 1,
      prompt: scene.prompt,
      status: 'planned',
      backend: choice.backend,
      seconds: choice.seconds,
      cost: choice.quote,
      reasons: choice.reasons,
    };
  });
  const newCost = sum(quote.flatMap(({ choice }) => choice.quote ?? []));
  const unpriced = quote.filter(({ choice }) => choice.quote === undefined).length;
  return {
    id: draft.existing?.id,
    title: draft.title,
    status: 'planned',
    scenes,
    cost: costOf(scenes),
    newCost,
    notes: unpriced > 0 ? [`the price of ${unpriced} scenes is unknown`] : [],
  };
}

import { type MicroUsd, sum } from '../domain/money.ts';
import type { Task } from '../domain/task.ts';
import type { StoredScene, StoredStoryboard } from '../store/storyboards.ts';
import type { Core } from './core.ts';
import { type Draft, taskOf } from './draft.ts';
import { lengthOf } from './length.ts';
import { reportOf } from './report.ts';
import type { QuotedScene } from './scene-quotes.ts';
import { isMoving, revisionOfScene } from './scene-revisions.ts';
import type { SceneReport, StoryboardReport } from './services.ts';
import { waitingFor } from './turns.ts';

const LONGEST_ADVICE_SECONDS = 5;
const UNKNOWN_ADVICE_SECONDS = 30;

/** A stored storyboard as it stands. */
export function boardReport(core: Core, board: StoredStoryboard): StoryboardReport {
  const scenes = board.scenes.map((scene, index) => sceneReport(core, scene, index));
  const status = statusOf(board, scenes);
  return {
    id: board.id,
    title: board.title,
    style: board.style,
    status,
    scenes,
    cost: spentOn(core, board),
    filmPath: board.filmState === 'joined' ? board.filmPath : undefined,
    filmError: board.filmState === 'failed' ? board.filmError : undefined,
    notes: [],
    nextPollSeconds: nextPollSeconds(core, status, scenes),
    createdAt: board.createdAt,
  };
}

function nextPollSeconds(
  core: Core,
  status: StoryboardReport['status'],
  scenes: readonly SceneReport[],
): number | undefined {
  if (status === 'making') {
    const jobs = scenes.flatMap(({ task, revision }) => [task ?? [], revision ?? []].flat());
    return Math.min(LONGEST_ADVICE_SECONDS, ...jobs.flatMap((task) => reportOf(core, task).nextPollSeconds ?? []));
  }
  // It is being looked for, and may come of itself.
  return scenes.some((scene) => scene.status === 'unknown') ? UNKNOWN_ADVICE_SECONDS : undefined;
}

function sceneReport(core: Core, scene: StoredScene, index: number): SceneReport {
  const task = taskOf(core, scene);
  const revision = revisionOfScene(core, scene);
  return {
    scene: index + 1,
    prompt: scene.prompt,
    status: task?.state ?? 'planned',
    task,
    revision,
    waiting: (task && waitingFor(task)) ?? (revision && waitingFor(revision)),
    backend: task?.backend,
    seconds: task ? lengthOf(core, task) : scene.duration,
    cost: task && priceOf(task),
  };
}

function priceOf(task: Task): MicroUsd | undefined {
  return task.state === 'failed' && task.charged === 'no' ? undefined : (task.spent ?? task.quoted);
}

/** Of all jobs that were ever made for it, those that are not in the film any more included. */
function spentOn(core: Core, board: StoredStoryboard): MicroUsd {
  return sum(core.store.tasks.ofStoryboard(board.id).flatMap((task) => priceOf(task) ?? []));
}

function statusOf(board: StoredStoryboard, scenes: readonly SceneReport[]): StoryboardReport['status'] {
  // What was lost may take hours to be found: that is for a person to see.
  const moving = scenes.some(({ task, revision }) => {
    return [task, revision].some((job) => job !== undefined && job.state !== 'unknown' && isMoving(job));
  });
  if (moving) return 'making';
  if (board.filmState === 'joined') return 'completed';
  if (scenes.every(({ status }) => status === 'planned')) return 'planned';
  const all = scenes.every(({ task }) => task?.filePath !== undefined);
  return all && board.filmState === 'pending' ? 'making' : 'attention';
}

/** Nothing more comes by itself. */
export function isBoardSettled(report: StoryboardReport): boolean {
  return report.status !== 'making';
}

/** What making a draft would mean; nothing of it is stored. */
export function plannedReport(
  core: Core,
  draft: Draft,
  quote: readonly QuotedScene[],
  notes: readonly string[],
): StoryboardReport {
  const planned = new Map(quote.map((each) => [each.index, each.choice]));
  const scenes = draft.scenes.map(({ scene }, index): SceneReport => {
    const choice = planned.get(index);
    if (!choice) return sceneReport(core, scene, index);
    return {
      scene: index + 1,
      prompt: scene.prompt,
      status: 'planned',
      backend: choice.backend,
      model: choice.model,
      seconds: choice.seconds,
      size: choice.size,
      cost: choice.quote,
      reasons: choice.reasons,
    };
  });
  const newCost = sum(quote.flatMap(({ choice }) => choice.quote ?? []));
  const unpriced = quote.filter(({ choice }) => choice.quote === undefined).length;
  const before = draft.existing ? spentOn(core, draft.existing) : undefined;
  return {
    id: draft.existing?.id,
    title: draft.title,
    style: draft.style,
    status: 'planned',
    scenes,
    cost: before === undefined ? newCost : sum([before, newCost]),
    newCost,
    notes: [...(unpriced > 0 ? [`the price of ${unpriced} scenes is unknown`] : []), ...notes],
  };
}

/** What would keep the clips from becoming one film, as far as it can be known before they are made. */
export function joinNotes(core: Core, draft: Draft, quote: readonly QuotedScene[]): string[] {
  const planned = new Map(quote.map((each) => [each.index, each.choice]));
  const made = draft.scenes.map((each, index) => planned.get(index) ?? taskOf(core, each.scene));
  const notes: string[] = [];
  const first = made.findIndex((each) => each?.size !== undefined);
  const other = made.findIndex((each) => each?.size !== undefined && each.size !== made[first]?.size);
  if (other >= 0) {
    const sizes = `scene ${other + 1} is ${made[other]?.size}, scene ${first + 1} is ${made[first]?.size}`;
    notes.push(`${sizes}: clips of different sizes are not joined into a film; give all scenes one size`);
  }
  const backends = [...new Set(made.flatMap((each) => each?.backend ?? []))];
  if (backends.length > 1) notes.push(`made on ${backends.join(' and ')}: whether their clips join is seen at the end`);
  return notes;
}

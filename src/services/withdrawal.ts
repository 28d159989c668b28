import { type MicroUsd, sum } from '../domain/money.ts';
import { isFinal, type Task, type TaskError } from '../domain/task.ts';
import { changed } from './changes.ts';
import type { Core } from './core.ts';
import { type Draft, taskOf } from './draft.ts';
import { releaseHold } from './money.ts';
import { revisionOfScene } from './scene-revisions.ts';

const WITHDRAWN: TaskError = {
  code: 'cancelled',
  message: 'its scene was changed or dropped before this was sent',
  hint: 'Nothing was sent and nothing was charged.',
  retryable: false,
  charged: 'no',
};

interface Superseded {
  /** From 1, in the storyboard as it was. */
  readonly scene: number;
  readonly task: Task;
}

/** The unfinished jobs of scenes that are dropped or made anew. */
function supersededBy(core: Core, { existing, scenes }: Draft): Superseded[] {
  const staying = new Set(scenes.flatMap(({ scene, toMake }) => (toMake ? [] : scene.id)));
  return (existing?.scenes ?? []).flatMap((scene, index) => {
    if (staying.has(scene.id)) return [];
    const task = scene.taskId === undefined ? undefined : core.store.tasks.byId(scene.taskId);
    const jobs = [task, revisionOfScene(core, scene)].filter((each) => each !== undefined && !isFinal(each.state));
    return jobs.map((each) => ({ scene: index + 1, task: each as Task }));
  });
}

/** What is held for jobs that will not be sent after all. */
export function freedBy(core: Core, draft: Draft): MicroUsd {
  return sum(supersededBy(core, draft).flatMap(({ task }) => (task.state === 'reserved' ? (task.quoted ?? []) : [])));
}

/** What a draft gives up though it is paid for, or may be: jobs that run on, and revisions of what is made anew. */
export function lossesOf(core: Core, draft: Draft): string[] {
  const running = supersededBy(core, draft).filter(({ task }) => task.state !== 'reserved');
  return [...running.map(runsOn), ...discardedBy(core, draft)];
}

/** Finished revisions whose scenes are made anew from their prompts. */
export function discardedBy(core: Core, { existing, scenes }: Draft): string[] {
  const anew = new Set(scenes.flatMap(({ scene, toMake }) => (toMake ? scene.id : [])));
  return (existing?.scenes ?? []).flatMap((scene, index) => {
    const task = anew.has(scene.id) ? taskOf(core, scene) : undefined;
    if (task?.state !== 'completed' || task.kind === 'video') return [];
    return [`scene ${index + 1} is made anew from its prompt; its ${task.kind} (${task.id}) is not in the film`];
  });
}

function runsOn({ scene, task }: Superseded): string {
  const fate = task.state === 'unknown' ? 'was lost, and may run and be paid for' : 'was sent and runs on';
  return `the earlier job of scene ${scene} (${task.id}) ${fate}; it is not in the film`;
}

/** Takes back what was not sent yet; tells of what runs on. Call inside a transaction. */
export function withdraw(core: Core, draft: Draft): string[] {
  return supersededBy(core, draft).flatMap((each) => {
    const { task } = each;
    const taken = core.store.tasks.move(task.id, {
      from: 'reserved',
      to: 'failed',
      patch: { error: WITHDRAWN, charged: 'no', completedAt: core.clock(), nextPollAt: undefined },
    });
    if (!taken) return [runsOn(each)];
    releaseHold(core, task);
    changed(core, task);
    return [];
  });
}

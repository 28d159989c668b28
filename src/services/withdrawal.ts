import { isFinal, type Task, type TaskError } from '../domain/task.ts';
import { changed } from './changes.ts';
import type { Core } from './core.ts';
import type { Draft } from './draft.ts';
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
export function supersededBy(core: Core, { existing, scenes }: Draft): Superseded[] {
  const staying = new Set(scenes.flatMap(({ scene, toMake }) => (toMake ? [] : scene.id)));
  return (existing?.scenes ?? []).flatMap((scene, index) => {
    if (staying.has(scene.id)) return [];
    const task = scene.taskId === undefined ? undefined : core.store.tasks.byId(scene.taskId);
    const jobs = [task, revisionOfScene(core, scene)].filter((each) => each !== undefined && !isFinal(each.state));
    return jobs.map((each) => ({ scene: index + 1, task: each as Task }));
  });
}

/** Takes back what was not sent yet; tells of what runs on. Call inside a transaction. */
export function withdraw(core: Core, draft: Draft): string[] {
  return supersededBy(core, draft).flatMap(({ scene, task }) => {
    const taken = core.store.tasks.move(task.id, {
      from: 'reserved',
      to: 'failed',
      patch: { error: WITHDRAWN, charged: 'no', completedAt: core.clock(), nextPollAt: undefined },
    });
    if (!taken) return [`the earlier job of scene ${scene} (${task.id}) was sent and runs on; it is not in the film`];
    releaseHold(core, task);
    changed(core, task);
    return [];
  });
}

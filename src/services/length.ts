import type { Task } from '../domain/task.ts';
import type { Core } from './core.ts';

/** How long a task's video plays, in seconds: an extension is paid for what it adds, and lasts as long as both. */
export function lengthOf(core: Core, task: Task): number {
  const parent =
    task.kind === 'extend' && task.parentId !== undefined ? core.store.tasks.byId(task.parentId) : undefined;
  return task.seconds + (parent ? lengthOf(core, parent) : 0);
}

import type { Character } from '../domain/character.ts';
import { SoraError } from '../domain/errors.ts';
import type { Task } from '../domain/task.ts';
import { clean } from '../domain/text.ts';
import type { StoredStoryboard } from '../store/storyboards.ts';
import type { Core } from './core.ts';

/** An error names so many scenes. */
const MAX_NAMED = 10;

/** A task by our id or a remote id; an unknown one is an error that lists the latest. */
export function findTask(core: Core, workspace: string, reference: string): Task {
  const wanted = reference.trim();
  const found = core.store.tasks.byId(wanted, workspace) ?? core.store.tasks.byRemoteId(workspace, wanted);
  if (found) return found;
  const board = core.store.storyboards.get(workspace, wanted);
  if (board) throw isStoryboard(board);
  const latest = core.store.tasks.latest(workspace, 3);
  throw new SoraError({
    code: 'not_found',
    field: 'task_id',
    message: `there is no task ${JSON.stringify(clean(wanted, 80))}`,
    hint:
      latest.length > 0
        ? `Latest: ${latest.map((task) => `${task.id} (${task.state}: ${clean(task.request.prompt, 40)})`).join('; ')}.`
        : 'There are no tasks yet: generate_video makes one.',
  });
}

function isStoryboard({ id, scenes }: StoredStoryboard): SoraError {
  const made = scenes.flatMap(({ taskId }, index) => (taskId === undefined ? [] : `scene ${index + 1} ${taskId}`));
  const more = made.length > MAX_NAMED ? `; get_task with ${id} has the others` : '';
  return new SoraError({
    code: 'invalid_argument',
    field: 'task_id',
    message: `${id} is a storyboard; a task_id is wanted`,
    hint: made.length > 0 ? `Give that of a scene: ${made.slice(0, MAX_NAMED).join(', ')}${more}.` : 'It has none yet.',
  });
}

/** A character by handle, our id, a remote id or what a backend calls it in prompts; without the `@`. */
export function findCharacter(core: Core, workspace: string, reference: string): Character | undefined {
  const { characters } = core.store;
  return (
    characters.byHandle(workspace, reference.toLowerCase()) ??
    characters.byId(workspace, reference) ??
    characters.byRemoteId(workspace, reference) ??
    characters.byMention(workspace, `@${reference}`)
  );
}

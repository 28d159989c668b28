import { stat } from 'node:fs/promises';
import type { Task, TaskError } from '../domain/task.ts';
import type { StoredStoryboard } from '../store/storyboards.ts';
import { changed } from './changes.ts';
import type { Core } from './core.ts';
import { taskOf } from './draft.ts';
import { persist } from './persist.ts';

const GONE: TaskError = {
  code: 'link_expired',
  message: 'its file is gone from the disk, and there is nobody to fetch it from again',
  hint: 'make_storyboard with the storyboard_id makes the scene again, at its price.',
  retryable: false,
  charged: 'yes',
};

/** A file that cannot be looked at for another reason is taken to be there. */
export async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
}

/** Has clips that are gone from the disk fetched again; the scenes of those that cannot be say so. True: some were gone. */
export async function fetchLostClips(core: Core, board: StoredStoryboard): Promise<boolean> {
  let lost = false;
  for (const scene of board.scenes) {
    const task = taskOf(core, scene);
    if (task?.filePath === undefined || (await isThere(task.filePath))) continue;
    lost = true;
    await persist(() => putBack(core, task));
    changed(core, task);
  }
  return lost;
}

function putBack(core: Core, task: Task): void {
  const { tasks } = core.store;
  const unsaved = { filePath: undefined, fileBytes: undefined, saveAttempts: 0, saveError: undefined, pollFailures: 0 };
  if (task.state === 'completed' && task.remoteId !== undefined && core.backends.has(task.backend)) {
    tasks.update(task.id, { ...unsaved, saveState: 'pending', nextPollAt: core.clock() });
  } else {
    const patch = { ...unsaved, saveState: 'failed', error: GONE, nextPollAt: undefined } as const;
    tasks.move(task.id, { from: ['completed', 'expired'], to: 'expired', patch });
  }
}

import type { RemoteVideo } from '../backends/backend.ts';
import type { Task } from '../domain/task.ts';
import { applyRemote } from './apply.ts';
import { backendNamed, type Core } from './core.ts';
import { persist } from './persist.ts';
import { findAgain } from './reconcile.ts';
import { isVanished, markVanished, noteSilence } from './silence.ts';

/** Asks once about one task and writes down what was said. */
export async function follow(core: Core, task: Task, signal?: AbortSignal): Promise<void> {
  const backend = backendNamed(core, task.backend);
  let remote: RemoteVideo;
  try {
    remote = await backend.getVideo(task.remoteId ?? '', { signal });
  } catch (error) {
    if (!isVanished(task, error)) return await noteSilence(core, task, error, signal);
    // It may have been told by a wrong id, so it is looked for before it is given up.
    if (!(await findAgain(core, task, signal))) await markVanished(core, task);
    return;
  }
  core.reached('poll:answered');
  await persist(() => applyRemote(core, task, remote, 'get'));
  core.reached('poll:written');
}

import { SoraError } from '../domain/errors.ts';
import type { Task } from '../domain/task.ts';
import { changed } from './changes.ts';
import type { Core } from './core.ts';
import { UNLEASED } from './leases.ts';
import { releaseHold } from './money.ts';
import { persist } from './persist.ts';
import type { Plan } from './plan.ts';
import { planAgain } from './planning.ts';
import { submit } from './submit.ts';

/** Sends a task whose turn has come. Nobody waits for it, so it waits for a backend that is down. */
export async function sendQueued(core: Core, task: Task): Promise<void> {
  let plan: Plan;
  try {
    plan = await planAgain(core, task);
  } catch (error) {
    if (isPassing(error)) throw error;
    return await drop(core, task, error);
  }
  try {
    await submit(core, task, plan, { patient: true });
  } catch (error) {
    // The task itself says why it was refused; what the store could not write is tried again.
    if (!(error instanceof SoraError) || isPassing(error)) throw error;
    core.log(`task ${task.id}: ${error.code}: ${error.message}`);
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof SoraError && (error.code === 'store_busy' || error.code === 'disk_full');
}

/** It cannot be sent any more: what it leans on is gone. */
async function drop(core: Core, task: Task, error: unknown): Promise<void> {
  const failure = error instanceof SoraError ? error : undefined;
  await persist(() =>
    core.store.transaction(() => {
      const moved = core.store.tasks.move(task.id, {
        from: 'reserved',
        to: 'failed',
        patch: {
          ...UNLEASED,
          completedAt: core.clock(),
          error: {
            code: failure?.code ?? 'internal',
            message: failure?.message ?? 'it could not be prepared for sending',
            hint: failure?.hint ?? 'Nothing was sent and nothing was charged. Ask again.',
            retryable: false,
            charged: 'no',
          },
        },
      });
      if (moved) releaseHold(core, task);
    }),
  );
  changed(core, task);
}

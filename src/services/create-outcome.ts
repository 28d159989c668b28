import type { RemoteVideo } from '../backends/backend.ts';
import { SoraError, withFacts } from '../domain/errors.ts';
import type { Task } from '../domain/task.ts';
import { bindRemote } from './apply.ts';
import { canBeLookedFor } from './candidates.ts';
import { changed } from './changes.ts';
import type { Core } from './core.ts';
import { UNLEASED } from './leases.ts';
import { releaseHold } from './money.ts';
import { persistSurely } from './persist.ts';
import { refusedError, unknownError } from './task-errors.ts';

const RECONCILE_FIRST_MS = 5_000;

/** Writes down the job that a create made. One that another task has already is no answer. */
export async function bind(core: Core, task: Task, remote: RemoteVideo): Promise<Task> {
  const what = `task ${task.id} is job ${remote.remoteId} of ${task.backend}`;
  const bound = await persistSurely(core.log, what, () => bindRemote(core, task, remote, 'create'));
  if (bound !== 'taken') return bound;
  const failure = new SoraError({
    code: 'answer_lost',
    charged: 'unknown',
    message: 'the upstream answered with the id of another job',
  });
  return await markUnknown(core, task, failure);
}

/** The create may have arrived: from now on it is looked for, and never sent again. */
export async function markUnknown(core: Core, task: Task, failure: SoraError): Promise<Task> {
  core.log(`task ${task.id}: the answer to its create was lost (${failure.message})`);
  core.reached('create:lost');
  const moved = await persistSurely(core.log, `task ${task.id} is unknown`, () =>
    core.store.tasks.move(task.id, {
      from: 'submitting',
      to: 'unknown',
      submittedAt: task.submittedAt,
      patch: {
        charged: 'unknown',
        error: unknownError(failure.message, canBeLookedFor(core, task)),
        nextPollAt: core.clock() + RECONCILE_FIRST_MS,
        ...UNLEASED,
      },
    }),
  );
  core.reached('create:lost-written');
  changed(core, task);
  return moved ?? core.store.tasks.byId(task.id) ?? task;
}

/** The create surely made no job. Whoever thought it lost meanwhile is told better. */
export async function markRefused(core: Core, task: Task, failure: SoraError): Promise<void> {
  core.reached('create:refused');
  await persistSurely(core.log, `task ${task.id} was refused`, () =>
    core.store.transaction(() => {
      const moved = core.store.tasks.move(task.id, {
        from: ['submitting', 'unknown'],
        to: 'failed',
        submittedAt: task.submittedAt,
        patch: {
          error: refusedError(failure),
          charged: 'no',
          spent: undefined,
          completedAt: core.clock(),
          nextPollAt: undefined,
          ...UNLEASED,
        },
      });
      if (moved) releaseHold(core, task);
    }),
  );
  core.reached('create:refusal-written');
  changed(core, task);
}

/** The failure as the caller sees it: with the task that keeps it. */
export function withTask(failure: SoraError, task: Task): SoraError {
  return withFacts(failure, { details: { ...failure.details, taskId: task.id, backend: task.backend } });
}

import type { CreateVideo, RemoteVideo } from '../backends/backend.ts';
import { type ErrorFacts, SoraError } from '../domain/errors.ts';
import type { Task, TaskError } from '../domain/task.ts';
import { applyRemote } from './apply.ts';
import { backendNamed, type Core, type WatchedBackend } from './core.ts';
import { UNLEASED } from './leases.ts';
import { holdOn, releaseHold } from './money.ts';
import { persist } from './persist.ts';
import type { Plan } from './plan.ts';

/** How often a task that was turned away for its turn (429) goes back into the line before it fails. */
const MAX_TURNS = 20;
const RECONCILE_FIRST_MS = 5_000;
const DEFAULT_TURN_MS = 10_000;

/**
 * Sends a reserved task: at most one create that may have arrived, ever. `alternatives` are tried only when the
 * create before surely did not arrive. Resolves with the task in its new state; throws when it was refused.
 */
export async function submit(core: Core, task: Task, plan: Plan, alternatives: readonly Plan[] = []): Promise<Task> {
  const backend = backendNamed(core, task.backend);
  const limit = backend.profile.limits.concurrentJobs;
  const sending = await persist(() =>
    core.store.transaction(() => {
      if (limit !== undefined && core.store.tasks.unfinishedCount(task.backend) >= limit) return 'full' as const;
      return core.store.tasks.move(task.id, {
        from: 'reserved',
        to: 'submitting',
        patch: {
          submittedAt: core.clock(),
          sendAfter: undefined,
          ...core.leases.columns(),
        },
      });
    }),
  );
  if (sending === 'full') return await waitForTurn(core, task, undefined, 'its backend has as many jobs as it takes');
  // Another process was first: what it did is the truth.
  if (sending === undefined) return core.store.tasks.byId(task.id) ?? task;
  core.reached('create:intent-written');

  let remote: RemoteVideo;
  try {
    remote = await core.leases.during(task.id, create(backend, sending, plan));
  } catch (error) {
    const failure = asFailure(error);
    core.reached('create:refused');
    if (failure.charged !== 'no') return await markUnknown(core, sending, failure);
    const [next, ...rest] = alternatives;
    if (failure.retryable || failure.code === 'backend_gone') {
      if (next) return await failOver(core, sending, failure, next, rest);
      if (failure.code === 'rate_limited' && sending.polls < MAX_TURNS) {
        return await waitForTurn(core, sending, failure.retryAfterSeconds, failure.message);
      }
    }
    throw await markRefused(core, sending, failure);
  }
  core.reached('create:answered');
  return await bind(core, sending, remote);
}

function create(backend: WatchedBackend, task: Task, plan: Plan): Promise<RemoteVideo> {
  if (plan.revision) {
    if (!backend.revise)
      throw new SoraError({ code: 'not_supported', message: `${backend.profile.id} cannot revise videos` });
    return backend.revise({
      ...plan.revision,
      prompt: task.sentPrompt,
      model: task.model,
      idempotencyKey: task.sendKey,
    });
  }
  const request: CreateVideo = {
    prompt: task.sentPrompt,
    model: task.model,
    seconds: task.seconds,
    size: task.size,
    characters: plan.characters,
    referenceImage: plan.referenceImage,
    referenceVideo: plan.referenceVideo,
    influenceStrength: plan.influenceStrength,
    idempotencyKey: task.sendKey,
  };
  return backend.createVideo(request);
}

async function bind(core: Core, task: Task, remote: RemoteVideo): Promise<Task> {
  const other = core.store.tasks.byRemoteId(task.workspace, remote.remoteId, task.backend);
  if (other && other.id !== task.id) {
    return await markUnknown(
      core,
      task,
      new SoraError({
        code: 'answer_lost',
        charged: 'unknown',
        message: 'the upstream answered with the id of another job',
      }),
    );
  }
  const bound = await persist(() => applyRemote(core, { ...task, remoteId: remote.remoteId }, remote, 'create'));
  core.reached('create:bound');
  return bound;
}

async function markUnknown(core: Core, task: Task, failure: SoraError): Promise<Task> {
  core.log(`task ${task.id}: the answer to its create was lost (${failure.message})`);
  const moved = await persist(() =>
    core.store.tasks.move(task.id, {
      from: 'submitting',
      to: 'unknown',
      patch: {
        charged: 'unknown',
        error: unknownError(failure.message),
        nextPollAt: core.clock() + RECONCILE_FIRST_MS,
        ...UNLEASED,
      },
    }),
  );
  changed(core, task);
  return moved ?? core.store.tasks.byId(task.id) ?? task;
}

export function unknownError(message: string): TaskError {
  return {
    code: 'answer_lost',
    message,
    hint: 'The job may exist and may be paid for. Do not submit it again: it is being looked for; ask get_task later.',
    retryable: false,
    charged: 'unknown',
  };
}

async function markRefused(core: Core, task: Task, failure: SoraError): Promise<SoraError> {
  await persist(() =>
    core.store.transaction(() => {
      core.store.tasks.move(task.id, {
        from: 'submitting',
        to: 'failed',
        patch: {
          error: {
            code: failure.code,
            message: failure.message,
            hint: failure.hint,
            retryable: failure.retryable,
            charged: 'no',
          },
          charged: 'no',
          completedAt: core.clock(),
          ...UNLEASED,
        },
      });
      releaseHold(core, task);
    }),
  );
  changed(core, task);
  return withTask(failure, task);
}

async function failOver(core: Core, task: Task, failure: SoraError, next: Plan, rest: readonly Plan[]): Promise<Task> {
  core.log(`task ${task.id}: ${task.backend} did not take it (${failure.message}); trying ${next.backend}`);
  const moved = await persist(() =>
    core.store.transaction(() => {
      holdOn(core, task, next);
      return core.store.tasks.move(task.id, {
        from: 'submitting',
        to: 'reserved',
        patch: {
          backend: next.backend,
          route: next.route,
          model: next.model,
          seconds: next.seconds,
          size: next.size,
          sentPrompt: next.sentPrompt,
          quoted: next.quote,
          reasons: [...next.reasons, `${task.backend} did not take it: ${failure.message}`],
        },
      });
    }),
  );
  core.reached('create:failed-over');
  if (!moved) return core.store.tasks.byId(task.id) ?? task;
  return await submit(core, moved, next, rest);
}

async function waitForTurn(core: Core, task: Task, seconds: number | undefined, why: string): Promise<Task> {
  const now = core.clock();
  const sendAfter = now + (seconds === undefined ? DEFAULT_TURN_MS : seconds * 1000);
  const patch = {
    sendAfter,
    nextPollAt: sendAfter,
    polls: task.polls + 1,
    ...UNLEASED,
    reasons: [...task.reasons.filter((reason) => !reason.startsWith('waiting:')), `waiting: ${why}`],
  };
  const moved = await persist(() =>
    core.store.tasks.move(task.id, { from: ['reserved', 'submitting'], to: 'reserved', patch }),
  );
  changed(core, task);
  return moved ?? core.store.tasks.byId(task.id) ?? task;
}

function asFailure(error: unknown): SoraError {
  if (error instanceof SoraError) return error;
  // A defect of ours after the request may have left: the money's fate is not known.
  return new SoraError({
    code: 'answer_lost',
    charged: 'unknown',
    message: 'the create ended in an unforeseen way',
    cause: error,
  });
}

function withTask(failure: SoraError, task: Task): SoraError {
  const facts: ErrorFacts = {
    code: failure.code,
    message: failure.message,
    hint: failure.hint,
    field: failure.field,
    retryable: failure.retryable,
    charged: failure.charged,
    retryAfterSeconds: failure.retryAfterSeconds,
    details: { ...failure.details, taskId: task.id, backend: task.backend },
  };
  return new SoraError(facts);
}

export function changed(core: Core, task: Pick<Task, 'id' | 'workspace'>): void {
  core.changes.publish(task.workspace, { kind: 'task', taskId: task.id });
}

import type { CallContext, CreateVideo, RemoteVideo } from '../backends/backend.ts';
import { SoraError } from '../domain/errors.ts';
import type { Task } from '../domain/task.ts';
import { backendNamed, type Core, type WatchedBackend } from './core.ts';
import { bind, markRefused, markUnknown, withTask } from './create-outcome.ts';
import { failOver } from './fail-over.ts';
import { persist } from './persist.ts';
import type { Plan } from './plan.ts';
import { FULL, isWaiting, turnAway, waitForTurn } from './turns.ts';

/** An `unknown` job holds a place of its backend for so long, in milliseconds: no job runs longer. */
const UNKNOWN_RUNS_MS = 60 * 60_000;
/** A backend that takes nothing for longer than this is passed over like one that is down. */
const LONG_WAIT_SECONDS = 60;

/** What may be done when the create surely did not arrive. */
export interface Chances {
  /** Tried in turn. */
  readonly alternatives?: readonly Plan[] | undefined;
  /** Nobody waits for the answer: a backend that is down is waited for. */
  readonly patient?: boolean | undefined;
}

/**
 * Sends a reserved task: at most one create that may have arrived, ever. Resolves with the task in its new state; throws
 * when it was refused.
 */
export async function submit(core: Core, task: Task, plan: Plan, chances: Chances = {}): Promise<Task> {
  return await core.leases.during(task.id, send(core, task, plan, chances));
}

async function send(core: Core, task: Task, plan: Plan, chances: Chances): Promise<Task> {
  const backend = backendNamed(core, task.backend);
  core.reached('create:sending');
  const sending = await persist(() => takeTurn(core, task, backend));
  if (sending === 'full') return await waitForTurn(core, task, FULL);
  // Another process was first: what it did is the truth.
  if (sending === undefined) return core.store.tasks.byId(task.id) ?? task;
  core.reached('create:intent-written');
  let remote: RemoteVideo;
  try {
    remote = await create(backend, sending, plan, { sending: () => mustBeOurs(core, sending) });
  } catch (error) {
    return await afterFailure(core, sending, asFailure(error), chances);
  }
  core.reached('create:answered');
  const bound = await bind(core, sending, remote);
  core.reached('create:bound');
  return bound;
}

/** Writes that the create may leave from now on, unless the backend has as many jobs as it takes. */
function takeTurn(core: Core, task: Task, backend: WatchedBackend): Task | 'full' | undefined {
  const limit = backend.profile.limits.concurrentJobs;
  const now = core.clock();
  return core.store.transaction((): Task | 'full' | undefined => {
    const { tasks } = core.store;
    if (limit !== undefined && tasks.unfinishedCount(task.backend, now - UNKNOWN_RUNS_MS) >= limit) return 'full';
    return tasks.move(task.id, {
      from: 'reserved',
      to: 'submitting',
      patch: {
        submittedAt: now,
        sendAfter: undefined,
        reasons: task.reasons.filter((reason) => !isWaiting(reason)),
        ...core.leases.columns(),
      },
    });
  });
}

async function afterFailure(core: Core, task: Task, failure: SoraError, chances: Chances): Promise<Task> {
  if (failure.charged !== 'no') return await markUnknown(core, task, failure);
  const next = isElsewhere(failure) ? await failOver(core, task, failure, chances.alternatives ?? []) : undefined;
  if (next) return await send(core, next.task, next.plan, { ...chances, alternatives: next.rest });
  const later = turnAway(task, failure, chances.patient ?? false);
  if (later) return await waitForTurn(core, task, later);
  await markRefused(core, task, failure);
  throw withTask(failure, task);
}

/** A backend that only wants a little time keeps the task: another one would have another price and other lengths. */
function isElsewhere({ code, retryable, retryAfterSeconds }: SoraError): boolean {
  // The caller's own file is no better there, and was waited for.
  if (code === 'file_invalid') return false;
  if (code === 'rate_limited') return (retryAfterSeconds ?? 0) > LONG_WAIT_SECONDS;
  return retryable || code === 'backend_gone';
}

/** Others take a task for lost when its lease lapses: a clock is set, a process sleeps. Then nothing leaves any more. */
function mustBeOurs(core: Core, { id, submittedAt }: Task): void {
  const now = core.store.tasks.byId(id);
  if (now?.state === 'submitting' && now.submittedAt === submittedAt && now.leaseOwner === core.leases.owner) return;
  throw new SoraError({
    code: 'cancelled',
    message: 'the task was given up before it was sent',
    hint: 'Nothing was sent and nothing was charged. Ask again.',
    retryable: true,
  });
}

function create(backend: WatchedBackend, task: Task, plan: Plan, context: CallContext): Promise<RemoteVideo> {
  if (plan.revision) {
    if (!backend.revise)
      throw new SoraError({ code: 'not_supported', message: `${backend.profile.id} cannot revise videos` });
    const { sentPrompt: prompt, model, sendKey: idempotencyKey } = task;
    return backend.revise({ ...plan.revision, prompt, model, idempotencyKey }, context);
  }
  const request: CreateVideo = {
    prompt: task.sentPrompt,
    model: task.model,
    seconds: task.seconds,
    size: task.size,
    characters: plan.characters,
    referenceImage: plan.referenceImage,
    referenceVideo: plan.referenceVideo,
    referenceSpan: plan.referenceSpan,
    influenceStrength: plan.influenceStrength,
    idempotencyKey: task.sendKey,
  };
  return backend.createVideo(request, context);
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

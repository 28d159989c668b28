import { SoraError } from '../domain/errors.ts';
import type { Task, TaskKind, VideoRequest } from '../domain/task.ts';
import { changed } from './changes.ts';
import type { Core, Workspace } from './core.ts';
import { hold } from './money.ts';
import type { Plan } from './plan.ts';
import { expectRevision } from './scene-revisions.ts';

export interface Order {
  readonly kind: TaskKind;
  readonly request: VideoRequest;
  readonly parentId?: string | undefined;
  readonly storyboardId?: string | undefined;
  /** The scene that a revision is to stand in. */
  readonly sceneId?: string | undefined;
  readonly idempotencyKey?: string | undefined;
}

export interface Reserved {
  readonly task: Task;
  /** The idempotency key stands for a task already, which is or was sent. */
  readonly repeated: boolean;
}

/**
 * Writes the intent and holds its price, in one transaction: the last thing before anything is sent. `sendAfter` leaves
 * the sending to the tracker. Throws `budget_exceeded`, `price_unknown` or `idempotency_conflict`.
 */
export function reserve(
  core: Core,
  workspace: Workspace,
  order: Order,
  plan: Plan,
  fingerprint: string,
  sendAfter?: number,
): Reserved {
  const outcome = core.store.transaction((): Reserved => {
    const earlier = earlierTask(core, workspace, order.idempotencyKey, fingerprint);
    if (earlier && !madeNoJob(earlier)) return { task: earlier, repeated: true };
    const task = earlier
      ? sendAnew(core, earlier, plan, sendAfter)
      : core.store.tasks.insert(draft(core, workspace, order, plan, fingerprint, sendAfter));
    hold(core, task, plan);
    const { storyboardId, sceneId } = order;
    if (storyboardId !== undefined && sceneId !== undefined) expectRevision(core, { storyboardId, sceneId }, task.id);
    return { task, repeated: false };
  });
  if (!outcome.repeated) changed(core, outcome.task);
  return outcome;
}

/** The task that an idempotency key stands for. The same key with another request is an error. */
export function earlierTask(
  core: Core,
  workspace: Workspace,
  key: string | undefined,
  fingerprint: string,
): Task | undefined {
  const earlier = key === undefined ? undefined : core.store.tasks.byIdempotencyKey(workspace.name, key);
  if (!earlier || earlier.fingerprint === fingerprint) return earlier;
  throw new SoraError({
    code: 'idempotency_conflict',
    field: 'idempotency_key',
    message: `idempotency_key was used for another request (${earlier.id})`,
    hint: 'Use a new key for a new request, or repeat the first one exactly.',
    details: { taskId: earlier.id },
  });
}

/**
 * A create that surely made no job: it was refused, never arrived, or its process died before it was sent. A key stands
 * for one job, so a repeat of it tries again, under the same task.
 */
export function madeNoJob(task: Task): boolean {
  return task.state === 'failed' && task.remoteId === undefined && task.charged === 'no';
}

function sendAnew(core: Core, earlier: Task, plan: Plan, sendAfter: number | undefined): Task {
  const patch = {
    ...planned(core, plan, sendAfter),
    error: undefined,
    completedAt: undefined,
    submittedAt: undefined,
    polls: 0,
    pollFailures: 0,
  };
  const again = core.store.tasks.move(earlier.id, { from: 'failed', to: 'reserved', patch });
  // The transaction has the write lock, so what was read still holds.
  return again ?? earlier;
}

function draft(
  core: Core,
  workspace: Workspace,
  order: Order,
  plan: Plan,
  fingerprint: string,
  sendAfter: number | undefined,
): Task {
  const now = core.clock();
  return {
    id: core.newId('task'),
    workspace: workspace.name,
    kind: order.kind,
    parentId: order.parentId,
    storyboardId: order.storyboardId,
    state: 'reserved',
    request: order.request,
    fingerprint,
    idempotencyKey: order.idempotencyKey,
    sendKey: core.newId('send'),
    progress: 0,
    charged: 'no',
    saveState: 'none',
    saveAttempts: 0,
    createdAt: now,
    updatedAt: now,
    polls: 0,
    pollFailures: 0,
    ...planned(core, plan, sendAfter),
  };
}

/** What the plan decides; and a lease, where the task is sent by this process at once. */
function planned(core: Core, plan: Plan, sendAfter: number | undefined) {
  return {
    backend: plan.backend,
    route: plan.route,
    model: plan.model,
    seconds: plan.seconds,
    size: plan.size,
    sentPrompt: plan.sentPrompt,
    reasons: plan.reasons,
    quoted: plan.quote,
    sendAfter,
    nextPollAt: sendAfter,
    ...(sendAfter === undefined && core.leases.columns()),
  };
}

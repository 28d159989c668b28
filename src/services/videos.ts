import { SoraError } from '../domain/errors.ts';
import { type MicroUsd, NOTHING } from '../domain/money.ts';
import type { Task, TaskKind, VideoRequest } from '../domain/task.ts';
import { route } from '../routing/router.ts';
import { agree, ceilingOf } from './agreement.ts';
import type { Core, Workspace } from './core.ts';
import { fingerprintOf } from './fingerprint.ts';
import { hold } from './money.ts';
import { persist } from './persist.ts';
import type { Plan } from './plan.ts';
import { castOf, planOf } from './planning.ts';
import { reportOf } from './report.ts';
import { requestOf, sourceUrlsOf } from './request.ts';
import { revisionOf } from './revision.ts';
import type { GenerateInput, RequestContext, ReviseInput, TaskReport, VideoService } from './services.ts';
import { changed, submit } from './submit.ts';

/** A create that takes longer than this goes on by itself; the caller gets the id and `submitting`. */
const ANSWER_WITHIN_MS = 30_000;

export interface Order {
  readonly kind: TaskKind;
  readonly request: VideoRequest;
  readonly parentId?: string | undefined;
  readonly storyboardId?: string | undefined;
  readonly idempotencyKey?: string | undefined;
}

/** The way from a request to a job: route, price, agreement, reservation, create. */
export class Videos implements VideoService {
  readonly #core: Core;
  readonly #workspace: Workspace;

  constructor(core: Core, workspace: Workspace) {
    this.#core = core;
    this.#workspace = workspace;
  }

  async generate(input: GenerateInput, context: RequestContext = {}): Promise<TaskReport> {
    const request = await requestOf(this.#core, this.#workspace, input);
    const order: Order = { kind: 'video', request, idempotencyKey: input.idempotencyKey };
    const earlier = this.#earlier(order);
    if (earlier) return await this.#resume(earlier);
    const decision = route(
      {
        ...request,
        characters: castOf(this.#core, this.#workspace.name, request),
        referenceImage: request.referenceImage !== undefined,
        referenceVideo: request.referenceVideo !== undefined,
        sourceUrls: sourceUrlsOf(this.#core, this.#workspace.name, request),
      },
      [...this.#core.backends.values()].map((backend) => ({ profile: backend.profile, health: backend.health() })),
      this.#core.clock(),
    );
    const ceiling = ceilingOf(this.#workspace, input.maxCostUsd);
    const choices = decision.choices.filter((choice) => ceiling.allows(choice.quote));
    if (choices.length === 0) throw ceiling.refusal(decision.choices[0]!);
    const plans = await Promise.all(choices.map((choice) => planOf(this.#core, this.#workspace.name, request, choice)));
    return await this.#order(order, plans, input, context);
  }

  async revise(input: ReviseInput, context: RequestContext = {}): Promise<TaskReport> {
    const { request, parent, plan } = revisionOf(this.#core, this.#workspace, input);
    const storyboardId = this.#core.store.storyboards.idOfTask(parent.id);
    const order: Order = {
      kind: input.mode,
      request,
      parentId: parent.id,
      storyboardId,
      idempotencyKey: input.idempotencyKey,
    };
    const earlier = this.#earlier(order);
    if (earlier) return await this.#resume(earlier);
    const ceiling = ceilingOf(this.#workspace, input.maxCostUsd);
    if (!ceiling.allows(plan.quote)) throw ceiling.refusal(plan);
    const report = await this.#order(order, [plan], input, context);
    // The film waits for the revision, and is joined anew with it.
    if (storyboardId !== undefined)
      this.#core.store.storyboards.updateStoryboard(storyboardId, { filmState: 'pending' });
    return report;
  }

  async #order(
    order: Order,
    plans: readonly Plan[],
    input: { confirm?: string | undefined },
    context: RequestContext,
  ): Promise<TaskReport> {
    const fingerprint = fingerprintOf(order.kind, order.request, order.parentId);
    const [plan, ...others] = plans as [Plan, ...Plan[]];
    await agree(this.#core, this.#workspace, { plan, fingerprint, token: input.confirm, context });
    const reserved = await persist(() => reserve(this.#core, this.#workspace, order, plan, fingerprint));
    if (reserved.repeated) return await this.#resume(reserved.task);
    this.#core.reached('create:reserved');
    // A dearer backend was neither quoted nor agreed to.
    const alternatives = others.filter(
      (other) =>
        (other.quote ?? Number.POSITIVE_INFINITY) <= (plan.quote ?? NOTHING) ||
        !asksFirst(this.#workspace, other.quote),
    );
    return await this.#send(reserved.task, plan, alternatives);
  }

  async #send(task: Task, plan: Plan, alternatives: readonly Plan[]): Promise<TaskReport> {
    const sending = submit(this.#core, task, plan, alternatives);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, ANSWER_WITHIN_MS, undefined);
    });
    try {
      const sent = await Promise.race([sending, late]);
      if (sent) return reportOf(this.#core, sent);
    } finally {
      clearTimeout(timer);
    }
    sending.catch((error: unknown) => this.#core.log(`task ${task.id}: ${String(error)}`));
    return reportOf(this.#core, this.#core.store.tasks.byId(task.id) ?? task);
  }

  /** The task that an idempotency key already stands for. The same key with another request is an error. */
  #earlier(order: Order): Task | undefined {
    if (order.idempotencyKey === undefined) return undefined;
    const earlier = this.#core.store.tasks.byIdempotencyKey(this.#workspace.name, order.idempotencyKey);
    return earlier && sameRequest(earlier, fingerprintOf(order.kind, order.request, order.parentId));
  }

  async #resume(task: Task): Promise<TaskReport> {
    return reportOf(this.#core, task);
  }
}

function asksFirst(workspace: Workspace, quote: MicroUsd | undefined): boolean {
  const above = workspace.limits.confirmAbove;
  return above !== undefined && (quote === undefined || quote > above);
}

function sameRequest(earlier: Task, fingerprint: string): Task {
  if (earlier.fingerprint === fingerprint) return earlier;
  throw new SoraError({
    code: 'idempotency_conflict',
    field: 'idempotency_key',
    message: `idempotency_key was used for another request (${earlier.id})`,
    hint: 'Use a new key for a new request, or repeat the first one exactly.',
    details: { taskId: earlier.id },
  });
}

interface Reserved {
  readonly task: Task;
  /** Another call with the same idempotency key was first. */
  readonly repeated: boolean;
}

/** Writes the intent and holds its price, in one transaction: the last thing before anything is sent. */
export function reserve(
  core: Core,
  workspace: Workspace,
  order: Order,
  plan: Plan,
  fingerprint: string,
  sendAfter?: number,
): Reserved {
  const now = core.clock();
  const id = core.newId('task');
  const outcome = core.store.transaction((): Reserved => {
    const earlier =
      order.idempotencyKey === undefined
        ? undefined
        : core.store.tasks.byIdempotencyKey(workspace.name, order.idempotencyKey);
    if (earlier) return { task: sameRequest(earlier, fingerprint), repeated: true };
    const task: Task = {
      id,
      workspace: workspace.name,
      kind: order.kind,
      parentId: order.parentId,
      storyboardId: order.storyboardId,
      state: 'reserved',
      backend: plan.backend,
      route: plan.route,
      model: plan.model,
      seconds: plan.seconds,
      size: plan.size,
      request: order.request,
      sentPrompt: plan.sentPrompt,
      fingerprint,
      idempotencyKey: order.idempotencyKey,
      sendKey: core.newId('send'),
      progress: 0,
      reasons: plan.reasons,
      quoted: plan.quote,
      charged: 'no',
      saveState: 'none',
      saveAttempts: 0,
      sendAfter,
      createdAt: now,
      updatedAt: now,
      nextPollAt: sendAfter,
      polls: 0,
      pollFailures: 0,
      ...(sendAfter === undefined && core.leases.columns()),
    };
    hold(core, task, plan);
    core.store.tasks.insert(task);
    return { task, repeated: false };
  });
  if (!outcome.repeated) changed(core, outcome.task);
  return outcome;
}

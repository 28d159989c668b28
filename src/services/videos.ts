import { type MicroUsd, NOTHING } from '../domain/money.ts';
import type { Task } from '../domain/task.ts';
import type { Choice } from '../routing/decision.ts';
import { route } from '../routing/router.ts';
import { agree, ceilingOf, refuseAbandoned } from './agreement.ts';
import { inAnswerTime, within } from './answer-time.ts';
import { keyOfYes } from './confirmation.ts';
import type { Core, Workspace } from './core.ts';
import { fingerprintOf } from './fingerprint.ts';
import { persist } from './persist.ts';
import type { Plan } from './plan.ts';
import { castOf, planOf } from './planning.ts';
import { reportOf } from './report.ts';
import { requestOf, sourceUrlsOf } from './request.ts';
import { earlierTask, madeNoJob, type Order, reserve } from './reserve.ts';
import { revisionOf } from './revision.ts';
import { placeOf } from './scene-revisions.ts';
import type { GenerateInput, RequestContext, ReviseInput, TaskReport, VideoService } from './services.ts';
import { submit } from './submit.ts';

/** A picture is fetched once more where a backend makes another size than the first choice. */
const ALTERNATIVES_WITHIN_MS = 5_000;

/** The way from a request to a job: route, price, agreement, reservation, create. */
export class Videos implements VideoService {
  readonly #core: Core;
  readonly #workspace: Workspace;

  constructor(core: Core, workspace: Workspace) {
    this.#core = core;
    this.#workspace = workspace;
  }

  async generate(input: GenerateInput, context: RequestContext = {}): Promise<TaskReport> {
    const before = this.#keyed(input)?.request;
    const asked = await requestOf(this.#core, this.#workspace, input, before);
    const { idempotencyKey } = input;
    const earlier = this.#earlier({ kind: 'video', request: asked, idempotencyKey }, input.confirm);
    if (earlier) return earlier;
    // What is sent anew must stand as a new request does.
    const request = before ? await requestOf(this.#core, this.#workspace, input) : asked;
    const order: Order = { kind: 'video', request, idempotencyKey };
    const decision = route(
      {
        ...request,
        characters: castOf(this.#core, this.#workspace.name, request),
        referenceImage: request.referenceImage !== undefined,
        referenceVideo: request.referenceVideo !== undefined,
        influence: request.influenceStrength !== undefined,
        sourceUrls: sourceUrlsOf(this.#core, this.#workspace.name, request),
      },
      [...this.#core.backends.values()].map((backend) => ({ profile: backend.profile, health: backend.health() })),
      this.#core.clock(),
    );
    const ceiling = ceilingOf(this.#workspace, input.maxCostUsd);
    const choices = decision.choices.filter((choice) => ceiling.allows(choice.quote));
    if (choices.length === 0) throw ceiling.refusal(decision.choices[0]!);
    const [first, ...others] = choices as [Choice, ...Choice[]];
    const planFor = (choice: Choice, signal: AbortSignal | undefined) =>
      planOf(this.#core, this.#workspace.name, request, choice, {
        signal,
        kept: choice !== first && choice.size === first.size,
      });
    const plan = await planFor(first, context.signal);
    // A backend that the request cannot be put to is no alternative, and no reason to refuse or to wait.
    const alternatives = await within(ALTERNATIVES_WITHIN_MS, context.signal, (soon) =>
      Promise.allSettled(others.map((choice) => planFor(choice, soon))),
    );
    const able = alternatives.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
    return await this.#order(order, [plan, ...able], input, context);
  }

  async revise(input: ReviseInput, context: RequestContext = {}): Promise<TaskReport> {
    const { request, parent, plan } = revisionOf(this.#core, this.#workspace, input);
    const order: Order = {
      kind: input.mode,
      request,
      parentId: parent.id,
      ...placeOf(this.#core, parent),
      idempotencyKey: input.idempotencyKey,
    };
    const earlier = this.#earlier(order, input.confirm);
    if (earlier) return earlier;
    const ceiling = ceilingOf(this.#workspace, input.maxCostUsd);
    if (!ceiling.allows(plan.quote)) throw ceiling.refusal(plan);
    return await this.#order(order, [plan], input, context);
  }

  async #order(
    order: Order,
    plans: readonly Plan[],
    input: { confirm?: string | undefined },
    context: RequestContext,
  ): Promise<TaskReport> {
    const fingerprint = fingerprintOf(order.kind, order.request, order.parentId);
    const [plan, ...others] = plans as [Plan, ...Plan[]];
    const idempotencyKey = await agree(this.#core, this.#workspace, {
      what: `a ${plan.seconds} s video on ${plan.backend} (${plan.model})`,
      price: plan.quote,
      excerpt: plan.sentPrompt,
      fingerprint,
      token: input.confirm,
      key: order.idempotencyKey,
      context,
    });
    refuseAbandoned(context);
    this.#core.reached('create:agreed');
    const keyed = { ...order, idempotencyKey };
    const reserved = await persist(() => reserve(this.#core, this.#workspace, keyed, plan, fingerprint));
    if (reserved.repeated) return reportOf(this.#core, reserved.task);
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
    const sending = submit(this.#core, task, plan, { alternatives });
    const sent = await inAnswerTime(sending, (error) => this.#core.log(`task ${task.id}: ${String(error)}`));
    return reportOf(this.#core, sent ?? this.#core.store.tasks.byId(task.id) ?? task);
  }

  /** Of the task that an idempotency key or a yes stands for already, unless it may be sent anew. */
  #earlier(order: Order, yes: string | undefined): TaskReport | undefined {
    const fingerprint = fingerprintOf(order.kind, order.request, order.parentId);
    const key = order.idempotencyKey;
    const earlier =
      key === undefined && yes !== undefined
        ? this.#paidFor(keyOfYes(yes), fingerprint)
        : earlierTask(this.#core, this.#workspace, key, fingerprint);
    return earlier && !madeNoJob(earlier) ? reportOf(this.#core, earlier) : undefined;
  }

  /** What the caller's key or yes stands for already, whether or not this is the same request. */
  #keyed({ idempotencyKey, confirm }: Pick<GenerateInput, 'idempotencyKey' | 'confirm'>): Task | undefined {
    const key = idempotencyKey ?? (confirm === undefined ? undefined : keyOfYes(confirm));
    return key === undefined ? undefined : this.#core.store.tasks.byIdempotencyKey(this.#workspace.name, key);
  }

  #paidFor(key: string, fingerprint: string): Task | undefined {
    const task = this.#core.store.tasks.byIdempotencyKey(this.#workspace.name, key);
    return task?.fingerprint === fingerprint ? task : undefined;
  }
}

function asksFirst(workspace: Workspace, quote: MicroUsd | undefined): boolean {
  const above = workspace.limits.confirmAbove;
  return above !== undefined && (quote === undefined || quote > above);
}

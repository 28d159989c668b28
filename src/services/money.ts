import { SoraError } from '../domain/errors.ts';
import { formatUsd, type MicroUsd, NOTHING } from '../domain/money.ts';
import type { Task } from '../domain/task.ts';
import type { Core } from './core.ts';
import type { Plan } from './plan.ts';

type Priced = Pick<Plan, 'backend' | 'quote'>;

/** What a hold is for: a task, or the making of a character. */
interface Purpose {
  /** The id of a task or of a binding. */
  readonly id: string;
  readonly workspace: string;
  readonly what?: 'video' | 'character' | undefined;
}

/** Holds a price in the ledger before anything is sent; throws when a limit would be passed. Call inside a transaction. */
export function hold(core: Core, purpose: Purpose, price: Priced): void {
  const { limits } = core.workspace(purpose.workspace);
  if (price.quote === undefined && isCapped(core, purpose)) throw priceUnknown(price.backend, purpose.what);
  const outcome = core.store.ledger.reserve({
    ...reservation(core, purpose, price),
    limits: { day: limits.day, month: limits.month },
  });
  if (!outcome.ok) throw overBudget(outcome, price.quote ?? NOTHING);
}

/** Moves a task's hold to another backend and price. False, and nothing changed, where a limit forbids it. */
export function holdOn(core: Core, task: Task, price: Priced): boolean {
  if (price.quote === undefined && isCapped(core, task)) return false;
  const { limits } = core.workspace(task.workspace);
  const moved = core.store.ledger.moveHold(task.id, {
    backend: price.backend,
    amount: price.quote ?? NOTHING,
    source: sourceOf(core, price.backend),
    limits: { day: limits.day, month: limits.month },
    now: core.clock(),
  });
  return moved?.ok === true;
}

/** Holds again what was given back too early. No limit is asked: the money is spent, whoever likes it or not. */
export function holdAgain(core: Core, purpose: Purpose & Pick<Task, 'backend' | 'quoted'>): void {
  const price = { backend: purpose.backend, quote: purpose.quoted };
  core.store.ledger.reserve({ ...reservation(core, purpose, price), limits: {} });
}

/** Gives the money back, also what was settled: nothing was charged. */
export function releaseHold(core: Core, purpose: Purpose): void {
  const { ledger } = core.store;
  if (!ledger.release(purpose.id, core.clock())) ledger.refund(purpose.id, core.clock());
}

export function settle(core: Core, purpose: Purpose, amount: MicroUsd | undefined): void {
  core.store.ledger.settle(purpose.id, amount ?? NOTHING, core.clock());
}

function reservation(core: Core, purpose: Purpose, price: Priced) {
  return {
    ref: purpose.id,
    what: purpose.what,
    workspace: purpose.workspace,
    backend: price.backend,
    project: core.workspace(purpose.workspace).project,
    amount: price.quote ?? NOTHING,
    source: sourceOf(core, price.backend),
    now: core.clock(),
  };
}

function isCapped(core: Core, { workspace }: Purpose): boolean {
  const { limits } = core.workspace(workspace);
  return limits.day !== undefined || limits.month !== undefined;
}

function sourceOf(core: Core, backend: string): string {
  return core.backends.get(backend)?.profile.sandbox ? 'sandbox' : 'price list';
}

interface Overrun {
  readonly window: 'day' | 'month';
  readonly used: MicroUsd;
  readonly limit: MicroUsd;
  readonly renewsAt: string;
}

function overBudget(overrun: Overrun, price: MicroUsd): SoraError {
  const left = Math.max(0, overrun.limit - overrun.used) as MicroUsd;
  return new SoraError({
    code: 'budget_exceeded',
    message: `this costs ${formatUsd(price)}, and ${formatUsd(left)} is left of the ${overrun.window}'s ${formatUsd(overrun.limit)}`,
    hint: `The ${overrun.window}'s budget renews at ${overrun.renewsAt}. A shorter video or a cheaper backend may fit; only the operator can raise the limit.`,
    details: { window: overrun.window, leftUsd: left / 1e6, limitUsd: overrun.limit / 1e6, renewsAt: overrun.renewsAt },
  });
}

export function priceUnknown(backend: string, what: Purpose['what'] = 'video'): SoraError {
  const [unknown, setting] =
    what === 'character' ? ['making a character', 'a character_usd'] : ['this video', 'its rates'];
  return new SoraError({
    code: 'price_unknown',
    field: 'backend',
    message: `what ${unknown} costs on ${backend} is not known, and a spending limit is set`,
    hint: `Choose a backend with a known price, or have the operator give this one ${setting} in SORA_CONFIG.`,
  });
}

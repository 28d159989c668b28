import type { SoraError } from '../domain/errors.ts';
import { formatUsd } from '../domain/money.ts';
import type { Task } from '../domain/task.ts';
import { isStandIn } from '../routing/reasons.ts';
import type { Core } from './core.ts';
import { holdOn } from './money.ts';
import { persist } from './persist.ts';
import type { Plan } from './plan.ts';

interface Detour {
  readonly task: Task;
  readonly plan: Plan;
  readonly rest: readonly Plan[];
}

/**
 * Reserves the task on the first alternative that the budget allows. Only for a create that surely did not arrive.
 * Undefined when there is none, or the task is no longer ours to send.
 */
export async function failOver(
  core: Core,
  task: Task,
  failure: SoraError,
  alternatives: readonly Plan[],
): Promise<Detour | undefined> {
  for (const [index, plan] of alternatives.entries()) {
    core.reached('create:failing-over');
    const moved = await persist(() => reserveOn(core, task, plan, failure));
    core.reached('create:failed-over');
    if (!moved) continue;
    core.log(`task ${task.id}: ${task.backend} did not take it (${failure.message}); trying ${plan.backend}`);
    return { task: moved, plan, rest: alternatives.slice(index + 1) };
  }
  return undefined;
}

function reserveOn(core: Core, task: Task, plan: Plan, failure: SoraError): Task | undefined {
  return core.store.transaction(() => {
    const now = core.store.tasks.byId(task.id);
    const isOurs = now?.state === 'submitting' && now.submittedAt === task.submittedAt;
    if (!isOurs || !holdOn(core, task, plan)) return undefined;
    return core.store.tasks.move(task.id, {
      from: 'submitting',
      to: 'reserved',
      patch: {
        backend: plan.backend,
        route: plan.route,
        model: plan.model,
        seconds: plan.seconds,
        size: plan.size,
        sentPrompt: plan.sentPrompt,
        quoted: plan.quote,
        reasons: [...plan.reasons.filter((reason) => !isStandIn(reason)), ...instead(task, plan, failure)],
        ...core.leases.columns(),
      },
    });
  });
}

/** What the change of backend means to whoever pays. */
function instead(task: Task, plan: Plan, failure: SoraError): string[] {
  const price = (amount: Task['quoted']) => (amount === undefined ? 'an unknown price' : formatUsd(amount));
  const facts = [
    ...(plan.quote === task.quoted ? [] : [`${price(plan.quote)} instead of ${price(task.quoted)}`]),
    ...(plan.seconds === task.seconds ? [] : [`${plan.seconds} s instead of ${task.seconds} s`]),
  ];
  const means = facts.length > 0 ? `; on ${plan.backend} it is ${facts.join(' and ')}` : '';
  return [`${task.backend} did not take it: ${failure.message}${means}`];
}

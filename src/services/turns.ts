import type { SoraError } from '../domain/errors.ts';
import type { Task } from '../domain/task.ts';
import { changed } from './changes.ts';
import type { Core } from './core.ts';
import { markRefused } from './create-outcome.ts';
import { UNLEASED } from './leases.ts';
import { persistSurely } from './persist.ts';

/** An upstream that turns a task away this often, at growing intervals, is given up after about three hours. */
const MAX_REFUSALS = 40;
/** From the fourth refusal on the wait doubles, whatever shorter time the upstream names. */
const EASY_REFUSALS = 3;
const TURN_MS = 10_000;
const LONGEST_BACKOFF_MS = 5 * 60_000;
/** An upstream that names a longer time than this is asked again all the same. */
const LONGEST_WAIT_MS = 60 * 60_000;
const WAITING = 'waiting: ';

/** Why a task goes back into the line, and for how long. */
export interface Wait {
  readonly from: 'reserved' | 'submitting';
  readonly ms: number;
  readonly why: string;
  /** How often its backend turned it away in a row. A backend that is full, or a limit of our own, is no refusal. */
  readonly refusals?: number | undefined;
  readonly failure?: SoraError | undefined;
}

export const FULL: Wait = { from: 'reserved', ms: TURN_MS, why: 'its backend has as many jobs as it takes' };

/** The wait after a create that surely did not arrive; undefined when it is to fail. */
export function turnAway(task: Task, failure: SoraError, patient: boolean): Wait | undefined {
  const limited = failure.code === 'rate_limited';
  if (!limited && !(patient && failure.retryable)) return undefined;
  const asked = failure.retryAfterSeconds === undefined ? undefined : failure.retryAfterSeconds * 1_000;
  const wait = { from: 'submitting', why: failure.message, failure } as const;
  // A refusal without a status is our own limiter's or breaker's: nothing was sent.
  if (limited && failure.details?.status === undefined) {
    return { ...wait, ms: Math.min(asked ?? TURN_MS, LONGEST_WAIT_MS), refusals: task.pollFailures };
  }
  const refusals = task.pollFailures + 1;
  if (refusals > MAX_REFUSALS) return undefined;
  const even = Math.min(LONGEST_BACKOFF_MS, TURN_MS * 2 ** Math.max(0, refusals - EASY_REFUSALS));
  const backoff = Math.round(even * spreadOf(task.id));
  const least = refusals > EASY_REFUSALS ? backoff : (asked ?? backoff);
  return { ...wait, ms: Math.min(LONGEST_WAIT_MS, Math.max(least, asked ?? 0)), refusals };
}

/** 0.75 to 1.25, the same for a task at all times: tasks that were turned away together do not come back together. */
function spreadOf(id: string): number {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + letter.charCodeAt(0)) % 1_000;
  return 0.75 + sum / 2_000;
}

export function isWaiting(reason: string): boolean {
  return reason.startsWith(WAITING);
}

/** What a task that was not sent yet waits for; undefined when nothing keeps it. */
export function waitingFor({ state, reasons }: Pick<Task, 'state' | 'reasons'>): string | undefined {
  return state === 'reserved' ? reasons.find(isWaiting)?.slice(WAITING.length) : undefined;
}

/** Puts a task that surely was not taken back into the line; the tracker sends it when its time has come. */
export async function waitForTurn(core: Core, task: Task, wait: Wait): Promise<Task> {
  core.reached('create:turned-away');
  const sendAfter = core.clock() + wait.ms;
  const moved = await persistSurely(core.log, `task ${task.id} waits for its turn`, () =>
    core.store.tasks.move(task.id, {
      from: wait.from,
      to: 'reserved',
      submittedAt: task.submittedAt,
      patch: {
        sendAfter,
        nextPollAt: sendAfter,
        submittedAt: undefined,
        ...(wait.refusals !== undefined && { pollFailures: wait.refusals }),
        reasons: [...task.reasons.filter((reason) => !isWaiting(reason)), `${WAITING}${wait.why}`],
        ...UNLEASED,
      },
    }),
  );
  core.reached('create:turn-written');
  // Somebody took it for lost while it was out; it is known better.
  if (!moved && wait.failure) await markRefused(core, task, wait.failure);
  changed(core, task);
  return moved ?? core.store.tasks.byId(task.id) ?? task;
}

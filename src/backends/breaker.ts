import type { Clock } from '../domain/ids.ts';

export interface BreakerPolicy {
  /** Consecutive failures after which calls are no longer sent. Default 5. */
  readonly failures: number;
  /** How long it stays open at first, in milliseconds; doubled with each failed trial. Default 15,000. */
  readonly restMs: number;
  /** Default 300,000. */
  readonly longestRestMs: number;
}

export const BREAKER_POLICY = { failures: 5, restMs: 15_000, longestRestMs: 300_000 } as const satisfies BreakerPolicy;

export type BreakerState =
  | { readonly state: 'closed' }
  | { readonly state: 'open'; readonly until: number; readonly reason: string };

/** Closed: all calls go. Open: none does until its time. Then one goes as a trial, and decides. */
export interface Breaker {
  /** Whether a call may go now. A yes after the rest is the trial: it must be followed by exactly one report. */
  admit(): boolean;
  succeeded(): void;
  failed(reason: string): void;
  /** The call ended in a way that tells nothing, e.g. it was cancelled. */
  abstained(): void;
  state(): BreakerState;
}

export function createBreaker(policy: BreakerPolicy, clock: Clock): Breaker {
  let failures = 0;
  let rest: { readonly from: number; readonly until: number } | undefined;
  let reason = '';
  let trialUnderWay = false;

  /** A clock that was set back is in a time before the rest: nobody knows how long it still is, so it is over. */
  function restEnds({ from, until }: NonNullable<typeof rest>): number {
    const now = clock();
    return now < from ? now : until;
  }

  return {
    admit() {
      if (rest === undefined) return true;
      if (clock() < restEnds(rest) || trialUnderWay) return false;
      trialUnderWay = true;
      return true;
    },
    succeeded() {
      failures = 0;
      rest = undefined;
      trialUnderWay = false;
    },
    failed(why) {
      failures += 1;
      reason = why;
      trialUnderWay = false;
      if (failures < policy.failures) return;
      const restMs = Math.min(policy.longestRestMs, policy.restMs * 2 ** Math.min(20, failures - policy.failures));
      const from = clock();
      rest = { from, until: from + restMs };
    },
    abstained() {
      trialUnderWay = false;
    },
    state: () => (rest === undefined ? { state: 'closed' } : { state: 'open', until: restEnds(rest), reason }),
  };
}

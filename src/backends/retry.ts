import { SoraError } from '../domain/errors.ts';
import type { Clock } from '../domain/ids.ts';

/** When and how often a read is sent again. Creates are in no policy: they go out once. */
export interface RetryPolicy {
  /** Further attempts after the first. */
  readonly retries: number;
  /** The first pause is a random share of this, in milliseconds; doubled with each attempt. */
  readonly baseMs: number;
  /** No pause is longer than this. */
  readonly capMs: number;
  /**
   * An upstream's Retry-After goes before the backoff. One longer than this is not slept through: the error goes to
   * the caller, who knows better what to do in the meantime.
   */
  readonly longestRetryAfterMs: number;
}

export const READ_RETRIES = {
  retries: 2,
  baseMs: 300,
  capMs: 4_000,
  longestRetryAfterMs: 5_000,
} as const satisfies RetryPolicy;

/** Resolves after so many milliseconds; rejects with the signal's reason as soon as it aborts. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

/** What time and chance are, handed in so that tests control them. */
export interface Timing {
  readonly clock: Clock;
  /** 0 (included) to 1 (excluded). */
  readonly random: () => number;
  readonly sleep: Sleep;
}

/**
 * Runs a read until it succeeds, fails for good, or `deadline` (unix milliseconds) leaves no room for the next pause.
 * Pause: Retry-After when the upstream gave one, else full jitter: `random() * min(cap, base * 2^attempt)`.
 */
export async function retrying<T>(
  attempt: () => Promise<T>,
  policy: RetryPolicy,
  timing: Timing,
  deadline: number,
  signal?: AbortSignal,
): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      const pause = pauseBefore(error, tries, policy, timing.random);
      if (pause === undefined || timing.clock() + pause >= deadline || signal?.aborted) throw error;
      await timing.sleep(pause, signal).catch(() => {
        throw error;
      });
    }
  }
}

function pauseBefore(error: unknown, tries: number, policy: RetryPolicy, random: () => number): number | undefined {
  if (!(error instanceof SoraError) || !error.retryable || tries >= policy.retries) return undefined;
  const asked = error.retryAfterSeconds;
  if (asked === undefined) return random() * Math.min(policy.capMs, policy.baseMs * 2 ** tries);
  return asked * 1_000 <= policy.longestRetryAfterMs ? asked * 1_000 : undefined;
}

export const sleep: Sleep = (ms, signal) =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });

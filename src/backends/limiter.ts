import type { Clock } from '../domain/ids.ts';

/** A bucket of tokens: full at first, refilled evenly over each minute. */
export interface Limiter {
  /** Takes one and returns 0, or takes none and returns the milliseconds until there is one. */
  take(): number;
  /** Gives nothing until then (unix milliseconds): the upstream said so. */
  pauseUntil(time: number): void;
}

/** `perMinute` absent: no limit but the pauses. */
export function createLimiter(perMinute: number | undefined, clock: Clock): Limiter {
  const capacity = Math.max(1, Math.floor(perMinute ?? 1));
  let tokens = capacity;
  let filledAt = clock();
  let pausedUntil = 0;
  return {
    take() {
      const now = clock();
      if (now < pausedUntil) return pausedUntil - now;
      if (perMinute === undefined) return 0;
      const perMs = perMinute / 60_000;
      tokens = Math.min(capacity, tokens + Math.max(0, now - filledAt) * perMs);
      filledAt = now;
      if (tokens < 1) return Math.ceil((1 - tokens) / perMs);
      tokens -= 1;
      return 0;
    },
    pauseUntil(time) {
      pausedUntil = Math.max(pausedUntil, time);
    },
  };
}

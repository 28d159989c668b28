import type { Clock } from '../domain/ids.ts';

/**
 * A sliding window: in any minute at most so many, in this process. Upstreams count what arrives, not what is sent, so the
 * window is a little longer than theirs. Several processes at one key each have a window of their own.
 */
export interface Limiter {
  /** Takes a place and returns 0, or takes none and returns the milliseconds until the next is free. */
  take(): number;
  /** Gives nothing until then (unix milliseconds): the upstream said so. */
  pauseUntil(time: number): void;
}

const MINUTE_MS = 60_000;
/** What leaves a minute apart may arrive less than that apart. */
const SLACK_MS = 500;

/** `perMinute` absent: no limit but the pauses. Below 1: one in so much longer a time. */
export function createLimiter(perMinute: number | undefined, clock: Clock): Limiter {
  const places = Math.max(1, Math.floor(perMinute ?? 1));
  const windowMs = Math.max(MINUTE_MS, MINUTE_MS / (perMinute ?? 1)) + SLACK_MS;
  let taken: number[] = [];
  let pause = { from: 0, until: 0 };
  return {
    take() {
      const now = clock();
      // A clock that was set back is in a time before the pause: nobody knows how long it still is.
      if (pause.from <= now && now < pause.until) return pause.until - now;
      if (perMinute === undefined) return 0;
      // For the same reason no place was taken later than now.
      taken = taken.map((at) => Math.min(at, now)).filter((at) => now - at < windowMs);
      if (taken.length >= places) return taken[0]! + windowMs - now;
      taken.push(now);
      return 0;
    },
    pauseUntil(until) {
      const from = clock();
      if (pause.from > from || until > pause.until) pause = { from, until };
    },
  };
}

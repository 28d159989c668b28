import { refuse } from './refusal.ts';

export interface RateLimit {
  /** Takes `cost` from what `key` has left, or throws a 429 that says when to come again. */
  spend(key: string, cost?: number): void;
}

interface Bucket {
  left: number;
  filledAt: number;
}

const MINUTE_MS = 60_000;
/** Addresses are remembered at most this many at a time; the longest known is forgotten first. */
const MAX_KEYS = 10_000;

/** A bucket a key that holds a minute's worth and fills steadily. `now` in unix milliseconds. */
export function limitRate(perMinute: number, now: () => number): RateLimit {
  const buckets = new Map<string, Bucket>();
  const spend = (key: string, cost = 1): void => {
    const at = now();
    let bucket = buckets.get(key);
    if (bucket === undefined) {
      if (buckets.size >= MAX_KEYS) buckets.delete(buckets.keys().next().value!);
      bucket = { left: perMinute, filledAt: at };
      buckets.set(key, bucket);
    } else {
      bucket.left = Math.min(perMinute, bucket.left + ((at - bucket.filledAt) * perMinute) / MINUTE_MS);
      bucket.filledAt = at;
    }
    if (bucket.left < cost) {
      const retryAfter = Math.max(1, Math.ceil(((cost - bucket.left) * 60) / perMinute));
      throw refuse(429, `More than ${perMinute} requests a minute`, { retryAfter });
    }
    bucket.left -= cost;
  };
  return { spend };
}

/** A number of places; each is given back by the function that `take` returns. */
export interface Places {
  /** Throws a 429 when all are taken. */
  take(): () => void;
  readonly taken: number;
}

export function offerPlaces(max: number, what: string, retryAfter: number): Places {
  let taken = 0;
  return {
    get taken() {
      return taken;
    },
    take() {
      if (taken >= max) throw refuse(429, `More than ${max} ${what} at a time`, { retryAfter });
      taken++;
      let held = true;
      return () => {
        if (held) taken--;
        held = false;
      };
    },
  };
}

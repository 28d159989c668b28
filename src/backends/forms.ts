import type { RemoteState } from './backend.ts';

const WORDS: Readonly<Record<RemoteState, readonly string[]>> = {
  queued: ['queued', 'pending', 'submitted', 'not_start', 'preparing', 'created', 'starting', 'waiting', 'queuing'],
  in_progress: ['processing', 'in_progress', 'running', 'generating'],
  completed: ['completed', 'complete', 'success', 'succeeded', 'finished', 'done'],
  failed: ['failed', 'failure', 'fail', 'error', 'cancelled', 'canceled'],
  expired: ['deleted', 'expired'],
};

const STATES: ReadonlyMap<string, RemoteState> = new Map(
  Object.entries(WORDS).flatMap(([state, words]) => words.map((word) => [word, state as RemoteState])),
);

/** A status word of any upstream. A word that nobody knows means that the job still runs, or `other`. */
export function stateOf(
  word: unknown,
  extra: Readonly<Record<string, RemoteState>> = {},
  other: RemoteState = 'in_progress',
): RemoteState {
  if (typeof word !== 'string') return other;
  const plain = word
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, '_');
  return extra[plain] ?? STATES.get(plain) ?? other;
}

/** 0 to 100, from `36`, `0.36`, `"36%"` or `"36.0%"`. Undefined when it is none of them. */
export function progressOf(value: unknown, scale: 'auto' | 'percent' | 'fraction' = 'auto'): number | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined;
  const match = /^\s*(-?\d+(?:\.\d+)?)\s*(%?)\s*$/.exec(String(value));
  if (!match) return undefined;
  const number = Number(match[1]);
  const fraction = scale === 'fraction' || (scale === 'auto' && match[2] === '' && number > 0 && number < 1);
  return Math.round(Math.min(100, Math.max(0, fraction && match[2] === '' ? number * 100 : number)));
}

/** Unix milliseconds, from seconds, milliseconds (told apart by their size) or ISO 8601. */
export function timeOf(value: unknown): number | undefined {
  if (typeof value === 'string' && !/^\s*\d+(\.\d+)?\s*$/.test(value)) {
    const at = Date.parse(value);
    return Number.isNaN(at) ? undefined : at;
  }
  const number = typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN;
  if (!Number.isFinite(number) || number <= 0) return undefined;
  // 1e11 seconds lie in the year 5138, 1e11 milliseconds in 1973.
  return Math.round(number < 1e11 ? number * 1_000 : number);
}

/** A length in seconds, from `8`, `"8"` or `"8s"`. */
export function secondsOf(value: unknown): number | undefined {
  const number = Number(String(value).replace(/\s*s(econds?)?$/i, ''));
  return Number.isFinite(number) && number > 0 ? number : undefined;
}

/** An absolute http(s) address; relative ones count from `base`. */
export function addressOf(value: unknown, base: URL): string | undefined {
  if (typeof value !== 'string' || value.length > 8_000 || !URL.canParse(value.trim(), base.href)) return undefined;
  const url = new URL(value.trim(), base);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : undefined;
}

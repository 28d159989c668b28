/**
 * How long an answer asks us to wait, in milliseconds. Precedence: `retry-after-ms`, then `retry-after` as seconds,
 * then `retry-after` as an HTTP date measured against the answer's own `date` (its clock, not ours) when it has one.
 * Undefined when nothing usable was said; never negative.
 */
export function retryAfterMs(headers: Readonly<Record<string, string>>, now: number): number | undefined {
  const exact = amount(headers['retry-after-ms']);
  if (exact !== undefined) return exact;
  const plain = headers['retry-after']?.trim();
  if (plain === undefined || plain === '') return undefined;
  const seconds = amount(plain);
  if (seconds !== undefined) return Math.round(seconds * 1_000);
  // Date.parse makes dates of nearly anything; those of HTTP begin with a day's name.
  const at = /^[a-z]{3,9},/i.test(plain) ? Date.parse(plain) : Number.NaN;
  if (Number.isNaN(at)) return undefined;
  const theirs = Date.parse(headers.date ?? '');
  return Math.max(0, at - (Number.isNaN(theirs) ? now : theirs));
}

/** Whole seconds, rounded up, for answers. */
export function retryAfterSeconds(headers: Readonly<Record<string, string>>, now: number): number | undefined {
  const ms = retryAfterMs(headers, now);
  return ms === undefined ? undefined : Math.ceil(ms / 1_000);
}

function amount(text: string | undefined): number | undefined {
  return text !== undefined && /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : undefined;
}

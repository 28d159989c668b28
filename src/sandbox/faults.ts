/** What a request is taken for. `revise` is remix, edit and extension; `link` is the download of a `video_url`. */
export const OPERATIONS = [
  'create',
  'get',
  'list',
  'delete',
  'content',
  'revise',
  'models',
  'character-create',
  'character-extract',
  'character-get',
  'character-list',
  'link',
] as const;
export type Operation = (typeof OPERATIONS)[number];

/**
 * Nothing is stored by: `refuse` (400 `sentinel_block`), `429`, `503`, `500`, `hang` (no answer, ever), `drop-before`.
 * The request is carried out, and the answer is spoilt, by: `hang-after`, `drop-after` (destroyed without an answer),
 * `rubbish` (200, not JSON), `html` (502, a gateway's page), `huge-json` (32 MiB), `other-id` (of nothing),
 * `unknown-status`, `truncate` (half of the bytes promised), `slow-body` (drips over `delayMs`), `expired-link` (410 for
 * bytes; a lapsed `video_url` in JSON). `fail-job` makes the job fail when its time comes.
 */
export const FAULT_KINDS = [
  'refuse',
  '429',
  '503',
  '500',
  'hang',
  'hang-after',
  'drop-before',
  'drop-after',
  'rubbish',
  'html',
  'huge-json',
  'other-id',
  'unknown-status',
  'fail-job',
  'truncate',
  'slow-body',
  'expired-link',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface Fault {
  readonly on: Operation | 'any';
  readonly kind: FaultKind;
  /** How many requests it befalls. Default 1; `Infinity` until cleared. */
  readonly times?: number | undefined;
  /** Requests of that kind that are let through first. Default 0. */
  readonly skip?: number | undefined;
  /** The `Retry-After` of `429` and `503`: seconds, or an HTTP date. */
  readonly retryAfter?: number | string | undefined;
  /** Another HTTP status for the kinds that answer. */
  readonly status?: number | undefined;
  /** Milliseconds over which `slow-body` drips. Default 1000. */
  readonly delayMs?: number | undefined;
}

export interface FaultQueue {
  add(fault: Fault): void;
  clear(): void;
  /** The fault that befalls this request, if one does; it is used up by it. */
  take(operation: Operation): Fault | undefined;
}

export function newFaultQueue(): FaultQueue {
  let waiting: { readonly fault: Fault; skip: number; left: number }[] = [];
  return {
    add: (fault) => {
      waiting.push({ fault, skip: fault.skip ?? 0, left: fault.times ?? 1 });
    },
    clear: () => {
      waiting = [];
    },
    take: (operation) => {
      for (const entry of waiting) {
        if (entry.fault.on !== 'any' && entry.fault.on !== operation) continue;
        if (entry.skip > 0) {
          entry.skip--;
          continue;
        }
        entry.left--;
        if (entry.left <= 0) waiting = waiting.filter((other) => other !== entry);
        return entry.fault;
      }
      return undefined;
    },
  };
}

/** Reads a fault from JSON; undefined when it is none. */
export function parseFault(fields: { readonly [name: string]: unknown }): Fault | undefined {
  const { on, kind, times, skip, retryAfter, status, delayMs } = fields;
  const operation = ([...OPERATIONS, 'any'] as const).find((name) => name === on);
  const known = FAULT_KINDS.find((name) => name === String(kind));
  if (!operation || !known) return undefined;
  return {
    on: operation,
    kind: known,
    times: number(times),
    skip: number(skip),
    retryAfter: typeof retryAfter === 'string' ? retryAfter : number(retryAfter),
    status: number(status),
    delayMs: number(delayMs),
  };
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 ? value : undefined;
}

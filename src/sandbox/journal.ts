import type { Call } from './wire.ts';

/** A request as it came in, for tests and for a look from outside. The key is never in it. */
export interface ReceivedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** What it was taken for: `create`, `get`, `content`… */
  readonly operation: string;
  readonly headers: { readonly [name: string]: string };
  /** Parsed; files appear as `{file, bytes, type}`. */
  readonly body: unknown;
  /** Unix milliseconds. */
  readonly at: number;
}

export interface Journal {
  add(call: Call, operation: string, at: number): void;
  readonly entries: () => readonly ReceivedRequest[];
}

const KEPT = 2_000;
const SECRET_HEADERS = new Set(['authorization', 'api-key', 'x-api-key', 'cookie', 'proxy-authorization']);

export function newJournal(): Journal {
  const entries: ReceivedRequest[] = [];
  return {
    add: (call, operation, at) => {
      const query = call.query.toString();
      const headers = Object.entries(call.headers).map(([name, value]) => [
        name,
        SECRET_HEADERS.has(name) ? '[present]' : String(value),
      ]);
      entries.push({
        method: call.method,
        path: query ? `${call.path}?${query}` : call.path,
        operation,
        headers: Object.fromEntries(headers),
        body: call.encoding === 'none' ? undefined : describe(call.fields),
        at,
      });
      if (entries.length > KEPT) entries.shift();
    },
    entries: () => entries.slice(),
  };
}

function describe(value: unknown): unknown {
  if (value instanceof File) return { file: value.name, bytes: value.size, type: value.type };
  if (Array.isArray(value)) return value.map(describe);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, describe(item)]));
}

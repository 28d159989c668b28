import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { PRIVATE_HEADERS } from './refusal.ts';

/**
 * What the SDK reads of a request; the body is parsed already and travels beside it. A full `Request` costs as much as a
 * small answer, most of it for a signal that many requests do not need.
 */
class IncomingRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHeaders;
  readonly #res: ServerResponse;
  #departure: AbortController | undefined;

  constructor(req: IncomingMessage, res: ServerResponse) {
    this.method = req.method ?? 'GET';
    this.url = `http://${req.headers.host}${req.url}`;
    this.headers = new IncomingHeaders(req);
    this.#res = res;
  }

  /** Aborted when the client leaves before its answer is complete. */
  get signal(): AbortSignal {
    if (this.#departure !== undefined) return this.#departure.signal;
    const departure = new AbortController();
    this.#departure = departure;
    this.#res.once('close', () => {
      if (!this.#res.writableFinished) departure.abort();
    });
    if (this.#res.destroyed) departure.abort();
    return departure.signal;
  }
}

export function webRequest(req: IncomingMessage, res: ServerResponse): Request {
  return new IncomingRequest(req, res) as unknown as Request;
}

/** What can be read of `Headers`, which would copy and check once more what Node's parser has. */
class IncomingHeaders {
  readonly #headers: IncomingHttpHeaders;

  constructor({ headers }: IncomingMessage) {
    this.#headers = headers;
  }

  get(name: string): string | null {
    const key = name.toLowerCase();
    const value = Object.hasOwn(this.#headers, key) ? this.#headers[key] : undefined;
    return typeof value === 'object' ? value.join(', ') : (value ?? null);
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }

  *entries(): IterableIterator<[string, string]> {
    for (const name of Object.keys(this.#headers)) yield [name, this.get(name)!];
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.entries();
  }

  forEach(each: (value: string, name: string) => void): void {
    for (const [name, value] of this) each(value, name);
  }
}

/** Writes the SDK's answer; resolves when it is complete or the client has gone. */
export async function writeResponse(response: Response, res: ServerResponse, unreadBytes: number): Promise<void> {
  const headers: Record<string, string> = { ...PRIVATE_HEADERS };
  for (const [name, value] of response.headers) if (name !== 'connection') headers[name] = value;
  if (response.body === null) {
    res.writeHead(response.status, headers);
    res.end();
    return;
  }
  if (headers['content-type']?.startsWith('application/json')) {
    const body = await response.text();
    if (res.destroyed) return;
    headers['content-length'] = String(Buffer.byteLength(body));
    res.writeHead(response.status, headers);
    res.end(body);
    return;
  }
  await pump(response.body, { response: res, status: response.status, headers, unreadBytes });
}

interface StreamTarget {
  readonly response: ServerResponse;
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly unreadBytes: number;
}

/**
 * Never waits for the reader: what it leaves unread would pile up unseen in the stream's own queue. Here it is counted,
 * and whoever lets too much pile up is cut off. Most answers are complete within a turn of the loop: they go out in one
 * piece.
 */
async function pump(body: ReadableStream<Uint8Array>, target: StreamTarget): Promise<void> {
  const { response: res, status, headers, unreadBytes } = target;
  const reader = body.getReader();
  const leave = () => void reader.cancel().catch(() => {});
  res.once('close', leave);
  let early: Uint8Array[] | undefined = [];
  const turn = setImmediate(() => {
    const gathered = early ?? [];
    early = undefined;
    if (res.destroyed) return;
    res.writeHead(status, headers);
    res.flushHeaders();
    for (const chunk of gathered) writeBounded(res, chunk, unreadBytes);
  });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (early === undefined) writeBounded(res, value, unreadBytes);
      else early.push(value);
    }
  } catch {
    // A stream that broke cannot be repaired: headers are out.
    early = undefined;
    res.destroy();
  } finally {
    clearImmediate(turn);
    res.off('close', leave);
    if (!res.destroyed) end(target, early);
  }
}

function end({ response: res, status, headers }: StreamTarget, whole: readonly Uint8Array[] | undefined): void {
  if (whole === undefined) {
    res.end();
    return;
  }
  const bytes = Buffer.concat(whole);
  res.writeHead(status, { ...headers, 'content-length': bytes.length });
  res.end(bytes);
}

/** Cuts the connection when more than `unreadBytes` wait for a reader that does not read. */
export function writeBounded(res: ServerResponse, chunk: Uint8Array | string, unreadBytes: number): void {
  if (res.destroyed) return;
  res.write(chunk);
  if (res.writableLength > unreadBytes) res.destroy();
}

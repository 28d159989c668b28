import type { IncomingMessage, ServerResponse } from 'node:http';
import { PRIVATE_HEADERS } from './refusal.ts';

/**
 * What the SDK reads of a request; the body is parsed already and travels beside it. A full `Request` costs as much as a
 * small answer, most of it for a signal that many requests do not need.
 */
class IncomingRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly #res: ServerResponse;
  #departure: AbortController | undefined;

  constructor(req: IncomingMessage, res: ServerResponse) {
    this.method = req.method ?? 'GET';
    this.url = `http://${req.headers.host}${req.url}`;
    this.headers = headersOf(req);
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

function headersOf(req: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(req.headers)) {
    if (typeof value === 'string') headers.set(name, value);
    else for (const each of value ?? []) headers.append(name, each);
  }
  return headers;
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
  res.writeHead(response.status, headers);
  // Most answers are ready within this turn of the loop: one packet then, instead of three.
  res.cork();
  setImmediate(() => {
    res.flushHeaders();
    res.uncork();
  });
  await pump(response.body, res, unreadBytes);
}

/**
 * Never waits for the reader: what it leaves unread would pile up unseen in the stream's own queue. Here it is counted,
 * and whoever lets too much pile up is cut off.
 */
async function pump(body: ReadableStream<Uint8Array>, res: ServerResponse, unreadBytes: number): Promise<void> {
  const reader = body.getReader();
  const leave = () => void reader.cancel().catch(() => {});
  res.once('close', leave);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      writeBounded(res, value, unreadBytes);
    }
  } catch {
    // A stream that broke cannot be repaired: headers are out.
    res.destroy();
  } finally {
    res.off('close', leave);
    if (!res.destroyed) res.end();
  }
}

/** Cuts the connection when more than `unreadBytes` wait for a reader that does not read. */
export function writeBounded(res: ServerResponse, chunk: Uint8Array | string, unreadBytes: number): void {
  if (res.destroyed) return;
  res.write(chunk);
  if (res.writableLength > unreadBytes) res.destroy();
}

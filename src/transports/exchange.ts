import type { IncomingMessage, ServerResponse } from 'node:http';
import { PRIVATE_HEADERS } from './refusal.ts';

/** The request as the SDK wants it. The body is parsed already and travels beside it. */
export function webRequest(req: IncomingMessage, signal: AbortSignal): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(req.headers)) {
    if (typeof value === 'string') headers.set(name, value);
    else for (const each of value ?? []) headers.append(name, each);
  }
  return new Request(`http://${req.headers.host}${req.url}`, { method: req.method ?? 'GET', headers, signal });
}

/** Aborted when the client leaves before its answer is complete. */
export function departureOf(res: ServerResponse): AbortSignal {
  const departure = new AbortController();
  res.once('close', () => {
    if (!res.writableFinished) departure.abort();
  });
  if (res.destroyed) departure.abort();
  return departure.signal;
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
  res.flushHeaders();
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

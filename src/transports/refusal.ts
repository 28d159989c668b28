import type { IncomingMessage, ServerResponse } from 'node:http';

export interface RefusalFacts {
  readonly status: number;
  readonly message: string;
  /** Seconds until the same request may pass. */
  readonly retryAfter?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The JSON-RPC error code. @default -32000 */
  readonly code?: number | undefined;
}

/** Ends a request with an HTTP status and a short reason. Anything else that is thrown is a defect and becomes a bare 500. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly code: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor({ status, message, retryAfter, headers, code }: RefusalFacts) {
    super(message);
    this.status = status;
    this.code = code ?? -32_000;
    this.headers = { ...headers, ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }) };
  }
}

export function refuse(status: number, message: string, more: Omit<RefusalFacts, 'status' | 'message'> = {}): Refusal {
  return new Refusal({ status, message, ...more });
}

/** What a request is told, in its protocol, that the server has no more time for. */
export const STOPPING = { code: -32_000, message: 'The server is stopping' } as const;

export function stopping(): Refusal {
  return refuse(503, STOPPING.message, { ...STOPPING, retryAfter: 5, headers: CLOSE });
}

/** On every answer: nobody may guess its type or keep it. */
export const PRIVATE_HEADERS = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' } as const;

/** On answers to whoever has shown no token: only those who have may keep a connection. */
export const CLOSE = { connection: 'close' } as const;

/** How long, and how far, what a refused client still sends is read, so that it gets to see the answer. */
const LINGER_MS = 1_000;
const LINGER_BYTES = 4 * 1024 * 1024;

export function sendJson(
  res: ServerResponse,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  const body = JSON.stringify(value);
  res.writeHead(status, {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...PRIVATE_HEADERS,
    ...headers,
  });
  res.end(body);
}

/**
 * Answers with the refusal. `keepFor`: a body up to this size is read and dropped, a larger one costs the connection;
 * undefined: the connection is closed in any case.
 */
export function sendRefusal(req: IncomingMessage, res: ServerResponse, refusal: Refusal, keepFor?: number): void {
  if (res.headersSent || res.destroyed) {
    res.destroy();
    return;
  }
  const value = { jsonrpc: '2.0', error: { code: refusal.code, message: refusal.message }, id: null };
  const headers = { ...refusal.headers, ...(keepFor === undefined && CLOSE) };
  if (req.complete || (keepFor !== undefined && bodyEndsWithin(req, keepFor))) {
    sendJson(res, refusal.status, value, headers);
    return;
  }
  const body = JSON.stringify(value);
  res.writeHead(refusal.status, {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...PRIVATE_HEADERS,
    ...headers,
    ...CLOSE,
  });
  // Not yet `end`: Node would close the socket at once, and the reset would overtake the answer.
  res.write(body);
  linger(req, res);
}

function bodyEndsWithin(req: IncomingMessage, bytes: number): boolean {
  if (req.headers['transfer-encoding'] !== undefined) return false;
  return Number(req.headers['content-length'] ?? 0) <= bytes;
}

function linger(req: IncomingMessage, res: ServerResponse): void {
  let bytes = 0;
  const finish = () => {
    clearTimeout(timer);
    req.off('data', count).off('end', finish).off('close', finish);
    req.pause();
    res.end(() => req.socket.destroy());
  };
  const count = (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > LINGER_BYTES) finish();
  };
  const timer = setTimeout(finish, LINGER_MS);
  req.on('data', count).once('end', finish).once('close', finish);
}

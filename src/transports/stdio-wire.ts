import type { Readable, Writable } from 'node:stream';
import {
  type JSONRPCMessage,
  type JSONRPCRequest,
  ProtocolErrorCode,
  parseJSONRPCMessage,
  type Transport,
} from '@modelcontextprotocol/server';

export interface StdioWireOptions {
  readonly stdin: Readable;
  readonly stdout: Writable;
  /** One line for the operator. */
  readonly log: (line: string) => void;
  /** Sees each message before the server does. */
  readonly observe?: ((message: JSONRPCMessage) => void) | undefined;
  /** Called when stdin has ended and answers are still to be written. */
  readonly onEnding?: (() => void) | undefined;
  /** Called once, after the server has been told. */
  readonly onClosed: () => void;
  /** Longer lines are dropped. @default 4 MiB */
  readonly maxLineBytes?: number | undefined;
  /** How long answers may still be written after stdin has ended, in milliseconds. @default 2000 */
  readonly graceMs?: number | undefined;
}

const MAX_LINE_BYTES = 4 * 1024 * 1024;
const GRACE_MS = 2_000;
const NEWLINE = 0x0a;

/**
 * JSON-RPC over a pair of streams, one message a line. Unlike the SDK's own transport it outlives what is not a message
 * (rubbish, a line without end), says so to the operator and, where it has an id, to the client; and it answers what was
 * asked before stdin ended.
 */
export class StdioWire implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;

  readonly #options: StdioWireOptions;
  readonly #unanswered = new Set<string | number>();
  #line: Buffer[] = [];
  #lineBytes = 0;
  #skipping = false;
  #ending: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: StdioWireOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { stdin, stdout } = this.#options;
    stdin.on('data', this.#read);
    stdin.on('end', this.#end);
    stdin.on('close', this.#end);
    stdin.on('error', this.#end);
    // It stays after the end: a write that is still under way must not become an uncaught error.
    stdout.on('error', this.#hangUp);
    if (stdin.readableEnded || stdin.destroyed) setImmediate(this.#end);
  }

  async send(message: JSONRPCMessage): Promise<void> {
    if (this.#closed) throw new Error('the connection is closed');
    try {
      await new Promise<void>((resolve, reject) => {
        this.#options.stdout.write(`${JSON.stringify(message)}\n`, (error) => (error ? reject(error) : resolve()));
      });
    } finally {
      if (!('method' in message) && message.id !== undefined) this.#settle(message.id);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#ending);
    const { stdin } = this.#options;
    stdin.off('data', this.#read);
    stdin.off('end', this.#end);
    stdin.off('close', this.#end);
    stdin.pause();
    this.#line = [];
    this.onclose?.();
    this.#options.onClosed();
  }

  readonly #read = (chunk: Buffer | string): void => {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    let from = 0;
    for (let to = bytes.indexOf(NEWLINE); to >= 0 && !this.#closed; to = bytes.indexOf(NEWLINE, from)) {
      this.#gather(bytes.subarray(from, to));
      this.#finishLine();
      from = to + 1;
    }
    if (from < bytes.length) this.#gather(bytes.subarray(from));
  };

  #gather(part: Buffer): void {
    if (this.#skipping) return;
    this.#line.push(part);
    this.#lineBytes += part.length;
    const limit = this.#options.maxLineBytes ?? MAX_LINE_BYTES;
    if (this.#lineBytes <= limit) return;
    this.#skipping = true;
    this.#line = [];
    this.#options.log(`stdin: dropped a message of more than ${limit} bytes`);
  }

  #finishLine(): void {
    const text = this.#skipping ? '' : Buffer.concat(this.#line).toString('utf8').trim();
    this.#line = [];
    this.#lineBytes = 0;
    this.#skipping = false;
    if (text !== '') this.#receive(text);
  }

  #receive(text: string): void {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      this.#options.log('stdin: dropped a line that is not JSON');
      return;
    }
    let message: JSONRPCMessage;
    try {
      message = isPlainRequest(value) ? value : parseJSONRPCMessage(value);
    } catch {
      this.#refuse(value);
      return;
    }
    this.#track(message);
    this.#options.observe?.(message);
    this.onmessage?.(message);
  }

  /** Whoever waits for an answer gets one; anything else would only confuse a client that has no such id. */
  #refuse(value: unknown): void {
    this.#options.log('stdin: dropped a line that is not a JSON-RPC message');
    const { id, method } = (value ?? {}) as { id?: unknown; method?: unknown };
    if ((typeof id !== 'string' && typeof id !== 'number') || method === undefined) return;
    const error = { code: ProtocolErrorCode.InvalidRequest, message: 'Not a JSON-RPC 2.0 request' };
    this.send({ jsonrpc: '2.0', id, error }).catch(() => {});
  }

  #track(message: JSONRPCMessage): void {
    if (!('method' in message)) return;
    if ('id' in message) {
      // A `listen` is answered only when it ends.
      if (message.method !== 'subscriptions/listen') this.#unanswered.add(message.id);
    } else if (message.method === 'notifications/cancelled') {
      this.#settle(message.params?.requestId as string | number);
    }
  }

  #settle(id: string | number): void {
    this.#unanswered.delete(id);
    if (this.#ending !== undefined && this.#unanswered.size === 0) this.#hangUp();
  }

  readonly #end = (): void => {
    if (this.#closed || this.#ending !== undefined) return;
    this.#ending = setTimeout(this.#hangUp, this.#options.graceMs ?? GRACE_MS);
    if (this.#unanswered.size === 0) this.#hangUp();
    else this.#options.onEnding?.();
  };

  readonly #hangUp = (): void => {
    void this.close();
  };
}

/** What the SDK's schema would pass as it is; checking it so costs a start a millisecond and each call a tenth of its time. */
function isPlainRequest(value: unknown): value is JSONRPCRequest {
  if (typeof value !== 'object' || value === null) return false;
  const { jsonrpc, id, method, params, ...rest } = value as Record<string, unknown>;
  if (jsonrpc !== '2.0' || typeof method !== 'string' || Object.keys(rest).length > 0) return false;
  if (typeof id !== 'string' && !Number.isSafeInteger(id)) return false;
  if (params === undefined) return !('params' in value);
  if (typeof params !== 'object' || params === null || Array.isArray(params)) return false;
  return !Object.hasOwn(params, '_meta') && !Object.hasOwn(params, '__proto__');
}

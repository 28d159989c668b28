import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** One request, read to its end. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** How the body was sent; `none` when there was none. */
  readonly encoding: 'json' | 'form' | 'none' | 'other';
  /** Fields of the body; of a form, bracketed names (`video[id]`) are nested and files are `File`. */
  readonly fields: { readonly [name: string]: unknown };
  /** The parts of the path that the route left open, decoded. */
  readonly params: { readonly [name: string]: string };
}

/** An answer to be sent: JSON or bytes. */
export interface Reply {
  readonly status: number;
  readonly headers?: { readonly [name: string]: string };
  readonly json?: unknown;
  readonly bytes?: Uint8Array;
  readonly type?: string;
  /** The job it speaks of; faults need to know. */
  readonly jobId?: string;
}

/** A refusal, answered in the error envelope of the OpenAI protocol. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly code: string | null;
  readonly param: string | null;

  constructor(status: number, message: string, code: string | null = null, param: string | null = null) {
    super(message);
    this.status = status;
    this.code = code;
    this.param = param;
  }
}

export function refusalReply(refusal: Refusal): Reply {
  const { status, message, code, param } = refusal;
  const type = status === 429 ? 'rate_limit_error' : status >= 500 ? 'server_error' : 'invalid_request_error';
  return { status, json: { error: { message, type, param, code } } };
}

/** The longest clip it takes has 4 s of 1080p; an image inside JSON has at most 20 MiB. */
const MAX_BODY_BYTES = 32 * 1024 * 1024;

/** Whether two texts are the same, in a time that tells nothing of where they differ. */
export function sameText(given: string, wanted: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(wanted)];
  return one.length === other.length && timingSafeEqual(one, other);
}

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop would destroy the connection, and the refusal with it.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(): Refusal {
  return new Refusal(413, `The request body is larger than ${MAX_BODY_BYTES / 1024 / 1024} MiB.`, 'body_too_large');
}

export async function parseBody(
  headers: IncomingHttpHeaders,
  body: Buffer,
): Promise<Pick<Call, 'encoding' | 'fields'>> {
  const type = headers['content-type'] ?? '';
  if (body.length === 0) return { encoding: 'none', fields: {} };
  if (/^multipart\/form-data/i.test(type)) return { encoding: 'form', fields: await parseForm(type, body) };
  if (!/json/i.test(type)) return { encoding: 'other', fields: {} };
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    throw new Refusal(400, 'We could not parse the JSON body of your request.', 'invalid_json');
  }
  if (!isRecord(value)) throw new Refusal(400, 'The body must be a JSON object.', 'invalid_json');
  return { encoding: 'json', fields: value };
}

async function parseForm(type: string, body: Buffer): Promise<Record<string, unknown>> {
  const fields: Record<string, unknown> = {};
  try {
    const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData();
    for (const [name, value] of form) place(fields, name, value);
  } catch {
    throw new Refusal(400, 'We could not parse the multipart body of your request.', 'invalid_multipart_form_data');
  }
  return fields;
}

/** `characters[0][id]` and `characters[][id]` become lists of objects, as form-encoded clients mean them. */
function place(fields: Record<string, unknown>, name: string, value: unknown): void {
  const list = /^(\w+)\[(\d*)\](?:\[(\w+)\])?$/.exec(name);
  const nested = /^(\w+)\[([a-z_]\w*)\]$/i.exec(name);
  if (list) {
    const known = fields[list[1]!];
    const items: unknown[] = Array.isArray(known) ? known : [];
    const index = list[2] ? Number(list[2]) : items.length;
    if (index > 99) return;
    items[index] = list[3] ? { ...(isRecord(items[index]) ? items[index] : {}), [list[3]]: value } : value;
    fields[list[1]!] = items;
  } else if (nested) {
    const known = fields[nested[1]!];
    fields[nested[1]!] = { ...(isRecord(known) ? known : {}), [nested[2]!]: value };
  } else {
    fields[name] = value;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Blob);
}

/** Bytes, or the part of them that the caller's `Range` asks for, unless `If-Range` names others. */
export function bytesReply(call: Call, bytes: Uint8Array, type: string): Reply {
  const etag = `"${createHash('sha1').update(bytes).digest('hex')}"`;
  const headers = { 'accept-ranges': 'bytes', etag };
  const range = /^bytes=(\d+)-(\d*)$/.exec(call.headers.range ?? '');
  if (!range || (call.headers['if-range'] ?? etag) !== etag) return { status: 200, bytes, type, headers };
  const from = Number(range[1]);
  const to = Math.min(bytes.length - 1, range[2] ? Number(range[2]) : bytes.length - 1);
  if (from > to) return { status: 416, json: {}, headers: { 'content-range': `bytes */${bytes.length}` } };
  const part = { ...headers, 'content-range': `bytes ${from}-${to}/${bytes.length}` };
  return { status: 206, bytes: bytes.subarray(from, to + 1), type, headers: part };
}

import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { measureJson } from './json-scan.ts';
import type { HttpLimits } from './limits.ts';
import { refuse } from './refusal.ts';

type BodyLimits = Pick<HttpLimits, 'bodyBytes' | 'elements' | 'depth' | 'batch'>;

/** Reads a request's JSON, within the limits. Throws a refusal: 413, 415 or 400. */
export async function readJson(req: IncomingMessage, res: ServerResponse, limits: BodyLimits): Promise<unknown> {
  checkKind(req);
  const tooLarge = () => refuse(413, `The body is larger than ${limits.bodyBytes} bytes`);
  if (Number(req.headers['content-length'] ?? 0) > limits.bodyBytes) throw tooLarge();
  if (req.headers.expect !== undefined) res.writeContinue();
  const bytes = await readBytes(req, limits.bodyBytes, tooLarge);
  const size = measureJson(bytes, limits);
  if (size.elements > limits.elements) throw refuse(413, `The body has more than ${limits.elements} elements`);
  if (size.depth > limits.depth) throw refuse(413, `The body is nested more than ${limits.depth} deep`);
  const value = parse(bytes);
  if (Array.isArray(value)) {
    if (value.length > limits.batch) throw refuse(413, `A batch has at most ${limits.batch} messages`);
    if (value.length === 0) throw refuse(400, 'The batch is empty', { code: -32_600 });
  }
  return value;
}

function checkKind(req: IncomingMessage): void {
  const type = req.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json') throw refuse(415, 'The Content-Type must be application/json');
  const encoding = req.headers['content-encoding']?.trim().toLowerCase();
  if (encoding !== undefined && encoding !== 'identity') throw refuse(415, 'Compressed bodies are not read');
}

function readBytes(req: IncomingMessage, max: number, tooLarge: () => Error): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const settle = (act: () => void) => {
      req.off('data', onData).off('end', onEnd).off('close', onGone).off('error', onGone);
      act();
    };
    const onData = (chunk: Buffer) => {
      length += chunk.length;
      if (length > max) settle(() => reject(tooLarge()));
      else chunks.push(chunk);
    };
    const onEnd = () => settle(() => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length)));
    const onGone = () => settle(() => reject(refuse(400, 'The request broke off')));
    req.on('data', onData).on('end', onEnd).on('close', onGone).on('error', onGone);
  });
}

const MARK = Buffer.from('\ufeff');

function parse(bytes: Buffer): unknown {
  try {
    if (!isUtf8(bytes)) throw new TypeError('not UTF-8');
    const from = bytes.indexOf(MARK) === 0 ? MARK.length : 0;
    return JSON.parse(bytes.toString('utf8', from));
  } catch {
    throw refuse(400, 'The body is not valid JSON', { code: -32_700 });
  }
}

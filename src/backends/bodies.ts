import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import type { RequestBody } from './http-port.ts';
import { type EncodedForm, encodeForm } from './multipart.ts';

export function encodeBody(body: RequestBody): EncodedForm {
  if (body.kind === 'multipart') return encodeForm(body.parts);
  const bytes = Buffer.from(JSON.stringify(body.value));
  return { contentType: 'application/json', contentLength: bytes.length, body: once(bytes) };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/**
 * Notes when the body is first asked for. That happens when the connection stands and before the first byte of the
 * request leaves: as long as it did not happen, the request surely did not arrive.
 */
export async function* noting(
  body: AsyncIterable<Uint8Array>,
  state: { written: boolean },
): AsyncGenerator<Uint8Array> {
  state.written = true;
  yield* body;
}

const DECODERS: Readonly<Record<string, (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>>> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

/** The whole text, or undefined when it is longer than `max` bytes; the rest is not read then. */
export async function readText(
  body: AsyncIterable<Uint8Array>,
  max: number,
  encoding?: string,
): Promise<string | undefined> {
  const bytes = await readBytes(body, max);
  if (bytes === undefined) return undefined;
  const decode = DECODERS[encoding?.trim().toLowerCase() ?? ''];
  if (!decode) return bytes.toString('utf8');
  try {
    return (await decode(bytes, { maxOutputLength: max })).toString('utf8');
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

export async function readBytes(body: AsyncIterable<Uint8Array>, max: number): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    // Leaving the loop destroys the stream.
    if (size > max) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Of repeated headers the first. */
export function flatHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) flat[name.toLowerCase()] = first;
  }
  return flat;
}

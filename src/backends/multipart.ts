import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** A file's bytes: in memory, or on disk with the size that was seen. */
export type FileBytes =
  | { readonly kind: 'memory'; readonly bytes: Uint8Array }
  | { readonly kind: 'disk'; readonly path: string; readonly size: number };

export type Part =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly filename: string; readonly contentType: string; readonly file: FileBytes };

export interface EncodedForm {
  readonly contentType: string;
  /** Known beforehand: several servers refuse a chunked upload. */
  readonly contentLength: number;
  readonly body: AsyncIterable<Uint8Array>;
}

export function encodeForm(parts: readonly Part[], boundary = `sora-mcp-${randomUUID()}`): EncodedForm {
  const heads = parts.map((part) => Buffer.from(headOf(part, boundary)));
  const tail = Buffer.from(`--${boundary}--\r\n`);
  const sizes = parts.map((part, index) => heads[index]!.length + sizeOf(part) + 2);
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    contentLength: sizes.reduce((sum, size) => sum + size, tail.length),
    body: flow(parts, heads, tail),
  };
}

async function* flow(
  parts: readonly Part[],
  heads: readonly Uint8Array[],
  tail: Uint8Array,
): AsyncGenerator<Uint8Array> {
  for (const [index, part] of parts.entries()) {
    yield heads[index]!;
    if ('value' in part) yield Buffer.from(part.value);
    else if (part.file.kind === 'memory') yield part.file.bytes;
    else yield* createReadStream(part.file.path) as AsyncIterable<Uint8Array>;
    yield Buffer.from('\r\n');
  }
  yield tail;
}

function headOf(part: Part, boundary: string): string {
  const name = `--${boundary}\r\nContent-Disposition: form-data; name="${escaped(part.name)}"`;
  if ('value' in part) return `${name}\r\n\r\n`;
  return `${name}; filename="${escaped(part.filename)}"\r\nContent-Type: ${part.contentType}\r\n\r\n`;
}

function sizeOf(part: Part): number {
  if ('value' in part) return Buffer.byteLength(part.value);
  return part.file.kind === 'memory' ? part.file.bytes.length : part.file.size;
}

/** As the HTML standard writes names in form data. */
function escaped(text: string): string {
  return text.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22');
}

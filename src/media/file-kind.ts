import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { SoraError } from '../domain/errors.ts';

/** Bytes that are looked at to say what a file is when it is not what was wanted. */
const PREFIX_BYTES = 512;

/** For sentences: what a file that is no video or no picture seems to be. Undefined when nothing is recognised. */
export function describeBytes(prefix: Uint8Array): string | undefined {
  const text = Buffer.from(prefix.subarray(0, PREFIX_BYTES)).toString('latin1');
  if (/^(ï»¿)?\s*<(!doctype html|html|head|body|\?xml|!--)/i.test(text)) return 'a web page';
  if (/^\s*[{[]\s*["\]}{[]/.test(text)) return 'JSON text';
  if (text.startsWith('\x89PNG')) return 'a PNG picture';
  if (text.startsWith('\xff\xd8\xff')) return 'a JPEG picture';
  if (text.startsWith('GIF8')) return 'a GIF picture';
  if (text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP') return 'a WebP picture';
  if (text.startsWith('RIFF') && text.slice(8, 12) === 'AVI ') return 'an AVI video';
  if (/^ftyp(avif|avis)/.test(text.slice(4))) return 'an AVIF picture';
  if (/^ftyp(heic|heix|mif1|msf1)/.test(text.slice(4))) return 'a HEIC picture';
  if (text.slice(4, 8) === 'ftyp') return 'an MP4 or MOV video';
  if (text.startsWith('\x1aE\xdf\xa3')) return 'a WebM or Matroska video';
  if (text.startsWith('PK\x03\x04')) return 'a ZIP archive';
  if (text.startsWith('%PDF')) return 'a PDF document';
  return undefined;
}

/** Opens for reading what must be a plain file that is not empty; `file_invalid` otherwise. The size is in bytes. */
export async function readPrefix(path: string): Promise<{ readonly bytes: number; readonly prefix: Uint8Array }> {
  const handle = await open(path, 'r').catch((cause) => {
    throw badFile(path, cause.code === 'ENOENT' ? 'does not exist' : 'cannot be read', { cause });
  });
  try {
    const facts = await handle.stat();
    if (!facts.isFile()) throw badFile(path, 'is not a file');
    if (facts.size === 0) throw badFile(path, 'is empty');
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(PREFIX_BYTES), 0, PREFIX_BYTES, 0);
    return { bytes: facts.size, prefix: buffer.subarray(0, bytesRead) };
  } finally {
    await handle.close();
  }
}

/** `file_invalid` in one sentence that begins with the file's name: `scene.mp4 is a web page, not a video`. */
export function badFile(
  path: string,
  what: string,
  more: { readonly hint?: string | undefined; readonly cause?: unknown } = {},
): SoraError {
  return new SoraError({ code: 'file_invalid', message: `${basename(path)} ${what}`, ...more });
}

import { type FileHandle, open } from 'node:fs/promises';
import { SoraError } from '../domain/errors.ts';

/** A fragmented file has two boxes a fragment; this is hours of video, and ends a walk through rubbish. */
const MAX_BOXES = 200_000;
const HEADER_BYTES = 16;
const BOX_TYPE = /^[\x20-\x7e\xa9]{4}$/;
const NEEDED = ['moov', 'mdat'];

/** What is known from the headers of an MP4's top-level boxes. */
export interface Mp4Facts {
  readonly bytes: number;
  readonly brand: string;
}

/**
 * Walks the top-level boxes and reads their headers only, so the size of the file does not matter. Bytes behind a whole
 * video that begin no box are let be; players do not mind them. Whether all came that were told, the download knows.
 * Throws `download_failed`: not an MP4 (a web page, JSON), or one that ends too early. Truncated ones are `retryable`.
 */
export async function checkMp4(path: string): Promise<Mp4Facts> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    return await walk(file, size);
  } finally {
    await file.close();
  }
}

async function walk(file: FileHandle, bytes: number): Promise<Mp4Facts> {
  const start = await read(file, 0, 512);
  if (start.length < 8) throw truncated('it is empty');
  if (start.toString('latin1', 4, 8) !== 'ftyp') throw notMp4(start);
  const seen = new Set<string>();
  let at = 0;
  for (let count = 0; at < bytes; count++) {
    const header = await read(file, at, HEADER_BYTES);
    const type = header.toString('latin1', 4, 8);
    const size = BOX_TYPE.test(type) ? boxSize(header, bytes - at) : undefined;
    const beyond = at + (size ?? 0) - bytes;
    if (size === undefined || beyond > 0 || count >= MAX_BOXES) {
      if (NEEDED.every((needed) => seen.has(needed)) && !mayBeCutBox(header)) break;
      throw truncated(
        beyond > 0 ? `box ${type} ends ${beyond} bytes beyond the file` : `its boxes break off at byte ${at}`,
      );
    }
    seen.add(type);
    at += size;
  }
  for (const needed of NEEDED) {
    if (!seen.has(needed)) throw truncated(`it has no ${needed} box`);
  }
  return { bytes, brand: start.toString('latin1', 8, 12).trim() };
}

/** A box of fragments is below 16 MiB, says its size in 64 bits, or is data. Text, rubbish and filling look otherwise. */
function mayBeCutBox(header: Buffer): boolean {
  const type = header.toString('latin1', 4, 8);
  if (type === 'mdat') return true;
  const sized = header[0] === 0 && header.subarray(1, 4).some((byte) => byte !== 0);
  return sized && BOX_TYPE.test(type.padEnd(4));
}

/** The box's whole length: 1 means that 64 bits follow, 0 that it goes on to the end. */
function boxSize(header: Buffer, rest: number): number | undefined {
  const size = header.readUInt32BE(0);
  if (size === 0) return rest;
  if (size !== 1) return size >= 8 ? size : undefined;
  if (header.length < HEADER_BYTES) return undefined;
  const large = Number(header.readBigUInt64BE(8));
  return large >= HEADER_BYTES && Number.isSafeInteger(large) ? large : undefined;
}

async function read(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, at);
  return buffer.subarray(0, bytesRead);
}

function truncated(what: string): SoraError {
  return new SoraError({
    code: 'download_failed',
    message: `the video is cut short: ${what}`,
    hint: 'It is fetched again.',
    retryable: true,
    charged: 'yes',
  });
}

function notMp4(start: Buffer): SoraError {
  return new SoraError({
    code: 'download_failed',
    message: `the upstream sent ${kindOf(start)} instead of a video`,
    hint: 'The link may have lapsed or need another key; a new link is asked for.',
    retryable: true,
    charged: 'yes',
  });
}

function kindOf(start: Buffer): string {
  const text = start
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trimStart();
  if (/^<\?xml/i.test(text)) return 'an XML document';
  if (text.startsWith('<')) return 'a web page';
  if (/^[{[]/.test(text)) return 'JSON text';
  if (start.readUInt32BE(0) === 0x1a45dfa3) return 'a WebM or Matroska file';
  return 'something that is not an MP4';
}

import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import type { SoraError } from '../domain/errors.ts';
import { badFile, describeBytes, readPrefix } from './file-kind.ts';
import { type PictureHeader, readPictureHeader } from './picture-header.ts';
import { centred, cut, type Pixels, type Rectangle } from './pixels.ts';

/** Larger files are refused unread. */
export const MAX_PICTURE_BYTES = 20 * 1024 * 1024;
/** Larger pictures are refused undecoded: 50 megapixels, what a good camera makes. */
export const MAX_PICTURE_PIXELS = 50_000_000;
/** A picture of 16 bits a sample takes twice the room. */
const MAX_DECODED_BYTES = 4 * MAX_PICTURE_PIXELS;

const FIT_QUALITY = 92;
const STILL_QUALITIES = [82, 70, 55, 40];
const DEFAULT_STILL_BYTES = 60 * 1024;
const DEFAULT_STILL_SIDE = 640;
const MAX_SIDE = 4096;

export interface Picture {
  readonly bytes: Uint8Array;
  readonly mimeType: 'image/jpeg' | 'image/png' | 'image/webp';
}

export interface FitRequest {
  /** A path, or the file's bytes. */
  readonly source: string | Uint8Array;
  /** In pixels, 1 to 4096. */
  readonly width: number;
  readonly height: number;
}

export interface ShrinkRequest {
  readonly bytes: Uint8Array;
  /** Default 60 KiB. */
  readonly maxBytes?: number | undefined;
  /** The longer side at most, in pixels. Default 640. */
  readonly maxSide?: number | undefined;
}

/**
 * The picture as a JPEG of exactly the size that is asked for: the largest centred part that has its shape, scaled, never
 * stretched; EXIF orientation applied, transparency on white. PNG, JPEG or WebP in. Throws `file_invalid`.
 */
export async function fitImage({ source, width, height }: FitRequest): Promise<Picture> {
  checkSide('width', width);
  checkSide('height', height);
  const picture = await decode(source);
  const fitted = await scale(picture, centred(picture, width, height), width, height);
  return { bytes: await jpeg(fitted, FIT_QUALITY), mimeType: 'image/jpeg' };
}

/**
 * The picture in at most `maxBytes`, as it is when it is small enough, else a smaller JPEG of it. PNG, JPEG or WebP in.
 * Throws `file_invalid`.
 */
export async function shrinkImage(request: ShrinkRequest): Promise<Picture> {
  const { bytes, maxBytes = DEFAULT_STILL_BYTES, maxSide = DEFAULT_STILL_SIDE } = request;
  const header = checkedHeader('the picture', bytes);
  // Also a small one: a header says nothing about the rest.
  const picture = await decode(bytes);
  if (bytes.length <= maxBytes && Math.max(header.width, header.height) <= maxSide) {
    return { bytes, mimeType: `image/${header.type}` };
  }
  const whole = { left: 0, top: 0, width: picture.width, height: picture.height };
  for (let side = Math.min(maxSide, Math.max(whole.width, whole.height)); side >= 1; side = Math.floor(side / 1.5)) {
    const ratio = Math.min(1, side / Math.max(whole.width, whole.height));
    const small = await scale(picture, whole, atLeastOne(whole.width * ratio), atLeastOne(whole.height * ratio));
    for (const quality of STILL_QUALITIES) {
      const encoded = await jpeg(small, quality);
      if (encoded.length <= maxBytes) return { bytes: encoded, mimeType: 'image/jpeg' };
    }
  }
  throw new RangeError(`no picture fits in ${maxBytes} bytes`);
}

async function scale(picture: Pixels, part: Rectangle, width: number, height: number): Promise<Pixels> {
  const step = Math.max(1, Math.floor(Math.min(part.width / width, part.height / height)));
  const near = cut(picture, part, step);
  if (near.width === width && near.height === height) return near;
  const { resample } = await import('./picture-codecs.ts');
  return resample(near, width, height);
}

async function jpeg(pixels: Pixels, quality: number): Promise<Uint8Array> {
  const { encodeJpeg } = await import('./picture-codecs.ts');
  return encodeJpeg(pixels, quality);
}

async function decode(source: string | Uint8Array): Promise<Pixels> {
  const name = typeof source === 'string' ? basename(source) : 'the picture';
  const bytes = typeof source === 'string' ? await readPicture(source) : source;
  const header = checkedHeader(name, bytes);
  const { decodePicture } = await import('./picture-codecs.ts');
  try {
    return await decodePicture(bytes, header);
  } catch (cause) {
    throw badFile(name, 'is damaged, cut off, or of a kind that cannot be read', {
      hint: 'Save it again as a plain PNG or JPEG (RGB, not animated).',
      cause,
    });
  }
}

async function readPicture(path: string): Promise<Uint8Array> {
  const { bytes } = await readPrefix(path);
  if (bytes > MAX_PICTURE_BYTES) throw tooLarge(basename(path), bytes);
  const handle = await open(path, 'r');
  try {
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

function checkedHeader(name: string, bytes: Uint8Array): PictureHeader {
  if (bytes.length > MAX_PICTURE_BYTES) throw tooLarge(name, bytes.length);
  const header = readPictureHeader(bytes);
  if (!header) {
    throw badFile(name, notReadable(describeBytes(bytes)), { hint: 'Give a PNG, JPEG or WebP picture.' });
  }
  const pixels = header.width * header.height;
  if (pixels > MAX_PICTURE_PIXELS || pixels * header.bytesPerPixel > MAX_DECODED_BYTES) {
    const most = `at most ${MAX_PICTURE_PIXELS / 1e6} megapixels are read`;
    throw badFile(name, `is ${header.width}x${header.height}; ${most}`, { hint: 'Scale it down first.' });
  }
  return header;
}

function notReadable(kind: string | undefined): string {
  if (kind === undefined) return 'is not a PNG, JPEG or WebP picture';
  if (/PNG|JPEG|WebP /.test(kind)) return `starts like ${kind}, but is damaged or cut off`;
  return kind.endsWith('picture') ? `is ${kind}, which cannot be read` : `is ${kind}, not a picture`;
}

function tooLarge(name: string, bytes: number): SoraError {
  const [size, most] = [bytes, MAX_PICTURE_BYTES].map((value) => (value / 1024 / 1024).toFixed(1));
  return badFile(name, `is ${size} MB; at most ${most} MB are read`, { hint: 'Scale it down first.' });
}

function checkSide(side: string, value: number): void {
  if (!Number.isInteger(value) || value < 1 || value > MAX_SIDE) throw new RangeError(`${side} is ${value}`);
}

function atLeastOne(value: number): number {
  return Math.max(1, Math.round(value));
}

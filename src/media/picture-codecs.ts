import { createInflate } from 'node:zlib';
import type { EncodeOptions } from '@jsquash/jpeg/codec/enc/mozjpeg_enc.js';
import { codecModule, startCodec } from './codec-module.ts';
import type { PictureHeader } from './picture-header.ts';
import type { Pixels } from './pixels.ts';

type Decoded = Pick<Pixels, 'data' | 'width' | 'height'> | null | undefined;

interface JpegDecoder {
  decode(data: Uint8Array, turn: boolean): Decoded;
}

interface WebpDecoder {
  decode(data: Uint8Array): Decoded;
}

interface JpegEncoder {
  encode(data: Pixels['data'], width: number, height: number, options: EncodeOptions): Uint8Array;
}

/** Every option must be given; these are the encoder's own defaults but for what `encodeJpeg` sets. */
const JPEG_DEFAULTS = {
  baseline: false,
  arithmetic: false,
  progressive: true,
  optimize_coding: true,
  smoothing: 0,
  color_space: 3,
  quant_table: 3,
  trellis_multipass: false,
  trellis_opt_zero: false,
  trellis_opt_table: false,
  trellis_loops: 1,
  auto_subsample: true,
  chroma_subsample: 2,
  separate_chroma_quality: false,
  chroma_quality: 75,
} as const satisfies Omit<EncodeOptions, 'quality'>;

/** Decodes; a JPEG is turned as its EXIF says. Throws whatever the codec throws for a damaged picture. */
export async function decodePicture(bytes: Uint8Array, header: PictureHeader): Promise<Pixels> {
  // A codec reads from the buffer's start: a view into a larger one is copied.
  const data = Uint8Array.from(bytes);
  switch (header.type) {
    case 'png':
      return decodePng(data, header);
    case 'jpeg': {
      // The decoder fills up with grey what is missing.
      if (!endsWithin(data, 0xffd9)) throw new Error('the JPEG has no end');
      const { default: factory } = await import('@jsquash/jpeg/codec/dec/mozjpeg_dec.js');
      const codec = await startCodec<JpegDecoder>(factory, '@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm');
      return rgba(codec.decode(data, true));
    }
    case 'webp': {
      const { default: factory } = await import('@jsquash/webp/codec/dec/webp_dec.js');
      const codec = await startCodec<WebpDecoder>(factory, '@jsquash/webp/codec/dec/webp_dec.wasm');
      return rgba(codec.decode(data));
    }
  }
}

/** `quality` from 1 to 100; `data` is RGBA and opaque. */
export async function encodeJpeg({ data, width, height }: Pixels, quality: number): Promise<Uint8Array> {
  const { default: factory } = await import('@jsquash/jpeg/codec/enc/mozjpeg_enc.js');
  const codec = await startCodec<JpegEncoder>(factory, '@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm');
  return codec.encode(data, width, height, { ...JPEG_DEFAULTS, quality });
}

/** Lanczos, in linear light. */
export async function resample(pixels: Pixels, width: number, height: number): Promise<Pixels> {
  const { initSync, resize } = await import('@jsquash/resize/lib/resize/pkg/squoosh_resize.js');
  initSync(await codecModule('@jsquash/resize/lib/resize/pkg/squoosh_resize_bg.wasm'));
  const lanczos = 3;
  const data = resize(pixels.data as Uint8Array, pixels.width, pixels.height, width, height, lanczos, false, true);
  return { data, width, height, channels: 4, depth: 8 };
}

function rgba(image: Decoded): Pixels {
  if (!image) throw new Error('the decoder gave nothing');
  return { data: image.data, width: image.width, height: image.height, channels: 4, depth: 8 };
}

/** The end marker, within what cameras append after it. */
function endsWithin(data: Uint8Array, marker: number): boolean {
  return Buffer.from(data.buffer).lastIndexOf(Buffer.from([marker >> 8, marker & 0xff])) > data.length / 2;
}

const NEEDED_CHUNKS = ['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND'];

async function decodePng(data: Uint8Array, header: PictureHeader): Promise<Pixels> {
  const { convertIndexedToRgb, decode } = await import('fast-png');
  const chunks = pngChunks(Buffer.from(data.buffer));
  const packed = chunks.filter(({ type }) => type === 'IDAT').map(({ whole }) => whole.subarray(8, -4));
  // The decoder would inflate without an end: 20 MB can promise 10 pixels and hold 20 GB. So it is counted first.
  // One byte more a row for its filter, and some for the seven passes of an interlaced picture.
  await inflateWithin(packed, header.height * (header.width * header.bytesPerPixel + 1) + 16 * header.height + 1024);
  // Other chunks are not needed, and a colour profile may be a bomb too.
  const needed = chunks.filter(({ type }) => NEEDED_CHUNKS.includes(type)).map(({ whole }) => whole);
  const image = decode(Buffer.concat([data.subarray(0, 8), ...needed]));
  const size = { width: image.width, height: image.height };
  if (image.palette) {
    const channels = image.palette[0]?.length === 4 ? 4 : 3;
    return { ...size, data: convertIndexedToRgb(image), channels, depth: 8 };
  }
  return { ...size, data: image.data, channels: image.channels, depth: image.depth };
}

function pngChunks(data: Buffer): { readonly type: string; readonly whole: Buffer }[] {
  const chunks = [];
  for (let at = 8; ; ) {
    // A RangeError tells of a file that was cut off.
    const end = at + 12 + data.readUInt32BE(at);
    const type = data.toString('latin1', at + 4, at + 8);
    if (end > data.length) throw new RangeError('the PNG is cut off');
    chunks.push({ type, whole: data.subarray(at, end) });
    if (type === 'IEND') return chunks;
    at = end;
  }
}

async function inflateWithin(packed: readonly Buffer[], limit: number): Promise<void> {
  const inflate = createInflate();
  let size = 0;
  const done = new Promise<void>((resolve, reject) => {
    inflate.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) inflate.destroy(new Error('the PNG holds more than its size says'));
    });
    inflate.on('end', resolve);
    inflate.on('error', reject);
  });
  for (const part of packed) inflate.write(part);
  inflate.end();
  await done;
}

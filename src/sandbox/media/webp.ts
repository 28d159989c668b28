import { canonicalCodes, type PrefixCode, prefixCode } from './huffman.ts';
import type { Raster } from './raster.ts';

const GREEN_SYMBOLS = 256 + 24;
const DISTANCE_SYMBOLS = 40;
const MAX_CODE_BITS = 15;
const MAX_COPY = 4096;
const MIN_COPY = 3;
/** Distance symbols of the pixel above and the pixel before. */
const ABOVE = 0;
const BEFORE = 1;

/** A pixel, or a copy of `length` pixels from above or before. */
type Token = { readonly pixel: number } | { readonly from: typeof ABOVE | typeof BEFORE; readonly length: number };

/** Lossless WebP (VP8L) without transforms: copies of the row above or of the pixel before, and Huffman codes. */
export function writeWebp(raster: Raster): Uint8Array {
  const tokens = tokenize(raster);
  const counts = [GREEN_SYMBOLS, 256, 256, 256, DISTANCE_SYMBOLS].map((size) => new Array<number>(size).fill(0));
  for (const token of tokens) {
    if ('pixel' in token) {
      counts[0]![(token.pixel >> 8) & 255]!++;
      counts[1]![token.pixel >> 16]!++;
      counts[2]![token.pixel & 255]!++;
    } else {
      counts[0]![256 + lengthSymbol(token.length).symbol]!++;
      counts[4]![token.from]!++;
    }
  }
  counts[3]![255] = 1;

  const out = lowBitWriter();
  out.put(0x2f, 8);
  out.put(raster.width - 1, 14);
  out.put(raster.height - 1, 14);
  out.put(0, 4); // no alpha, version 0
  out.put(0, 3); // no transform, no colour cache, one set of codes
  const [green, red, blue, , distance] = counts.map((count) => writePrefixCode(out, count));
  for (const token of tokens) {
    if ('pixel' in token) {
      putSymbol(out, green!, (token.pixel >> 8) & 255);
      putSymbol(out, red!, token.pixel >> 16);
      putSymbol(out, blue!, token.pixel & 255);
    } else {
      const { symbol, extra, bits } = lengthSymbol(token.length);
      putSymbol(out, green!, 256 + symbol);
      out.put(extra, bits);
      putSymbol(out, distance!, token.from);
    }
  }
  return container(out.bytes());
}

function tokenize({ width, height, rgb }: Raster): readonly Token[] {
  const pixels = Int32Array.from(
    { length: width * height },
    (_, i) => (rgb[i * 3]! << 16) | (rgb[i * 3 + 1]! << 8) | rgb[i * 3 + 2]!,
  );
  const run = (at: number, distance: number): number => {
    if (at < distance) return 0;
    let length = 0;
    while (length < MAX_COPY && at + length < pixels.length && pixels[at + length] === pixels[at + length - distance])
      length++;
    return length;
  };
  const tokens: Token[] = [];
  for (let at = 0; at < pixels.length; ) {
    const above = run(at, width);
    const before = run(at, 1);
    const length = Math.max(above, before);
    if (length >= MIN_COPY) tokens.push({ from: above >= before ? ABOVE : BEFORE, length });
    else tokens.push({ pixel: pixels[at]! });
    at += length >= MIN_COPY ? length : 1;
  }
  return tokens;
}

function lengthSymbol(length: number): { symbol: number; extra: number; bits: number } {
  if (length <= 4) return { symbol: length - 1, extra: 0, bits: 0 };
  const value = length - 1;
  const high = 31 - Math.clz32(value);
  const bits = high - 1;
  return { symbol: 2 * high + ((value >> bits) & 1), extra: value & ((1 << bits) - 1), bits };
}

function writePrefixCode(out: LowBitWriter, counts: readonly number[]): PrefixCode {
  const used = counts.flatMap((count, symbol) => (count > 0 ? [symbol] : []));
  if (used.length <= 2 && used.every((symbol) => symbol < 256)) {
    const symbols = used.length === 0 ? [0] : used;
    out.put(1, 1);
    out.put(symbols.length - 1, 1);
    out.put(1, 1);
    for (const symbol of symbols) out.put(symbol, 8);
    const lengths = new Uint8Array(counts.length);
    // The only symbol of a code costs nothing.
    if (symbols.length === 2) for (const symbol of symbols) lengths[symbol] = 1;
    return { lengths, codes: canonicalCodes(lengths) };
  }
  const code = prefixCode(counts, MAX_CODE_BITS);
  out.put(0, 1);
  out.put(19 - 4, 4);
  // The lengths 0 to 15 are themselves coded in 4 bits each; the repeat codes 16, 17 and 18 are not used.
  for (const symbol of [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
    out.put(symbol < 16 ? 4 : 0, 3);
  out.put(0, 1);
  for (const length of code.lengths) putReversed(out, length, 4);
  return code;
}

function putSymbol(out: LowBitWriter, code: PrefixCode, symbol: number): void {
  putReversed(out, code.codes[symbol]!, code.lengths[symbol]!);
}

function putReversed(out: LowBitWriter, value: number, length: number): void {
  for (let bit = length - 1; bit >= 0; bit--) out.put((value >> bit) & 1, 1);
}

interface LowBitWriter {
  /** At most 14 bits, the lowest first. */
  readonly put: (value: number, length: number) => void;
  readonly bytes: () => Uint8Array;
}

function lowBitWriter(): LowBitWriter {
  const bytes: number[] = [];
  let pending = 0;
  let count = 0;
  return {
    put: (value, length) => {
      pending |= value << count;
      count += length;
      for (; count >= 8; count -= 8) {
        bytes.push(pending & 255);
        pending >>>= 8;
      }
    },
    bytes: () => Uint8Array.from(count > 0 ? [...bytes, pending] : bytes),
  };
}

function container(data: Uint8Array): Uint8Array {
  const padded = data.length + (data.length % 2);
  const file = new Uint8Array(20 + padded);
  const view = new DataView(file.buffer);
  file.set(new TextEncoder().encode('RIFF    WEBPVP8L'));
  view.setUint32(4, 12 + padded, true);
  view.setUint32(16, data.length, true);
  file.set(data, 20);
  return file;
}

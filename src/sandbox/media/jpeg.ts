import { type BitWriter, bitWriter } from './bits.ts';
import { canonicalCodes, type PrefixCode, prefixCode } from './huffman.ts';
import type { Raster } from './raster.ts';

/** Natural place of each coefficient in zigzag order. */
const ZIGZAG = Array.from({ length: 64 }, (_, place) => place).sort((a, b) => {
  const [ay, ax, by, bx] = [a >> 3, a & 7, b >> 3, b & 7];
  const [first, second] = [ax + ay, bx + by];
  return first - second || (first % 2 === 0 ? by - ay : ay - by);
});
/** Coarser for finer detail. */
function quantisersFor(coarseness: number): readonly number[] {
  return ZIGZAG.map((place) => Math.min(255, Math.round(coarseness * (5 + 2.6 * ((place >> 3) + (place & 7))))));
}

const COSINES = Array.from({ length: 64 }, (_, i) => {
  const [frequency, at] = [i >> 3, i & 7];
  return Math.cos(((2 * at + 1) * frequency * Math.PI) / 16) * (frequency === 0 ? Math.SQRT1_2 : 1) * 0.5;
});

/** A Huffman symbol and the bits that follow it. */
interface Token {
  readonly dc: boolean;
  readonly symbol: number;
  readonly extra: number;
  readonly bits: number;
}

/** Baseline JPEG, colour at full resolution, with Huffman codes made for the image. `coarseness` 1 is a good quality. */
export function writeJpeg(raster: Raster, coarseness: number): Uint8Array {
  const quantisers = quantisersFor(coarseness);
  const tokens = tokenize(raster, quantisers);
  const [dc, ac] = [true, false].map((kind) => {
    const counts = new Array<number>(256).fill(0);
    for (const token of tokens) if (token.dc === kind) counts[token.symbol]!++;
    return withoutOnes(counts);
  }) as [PrefixCode, PrefixCode];

  const scan = bitWriter();
  for (const token of tokens) putToken(scan, token.dc ? dc : ac, token);
  scan.align(1);
  const { width, height } = raster;
  const frame = [8, height >> 8, height, width >> 8, width, 3, ...[1, 2, 3].flatMap((id) => [id, 0x11, 0])];
  return Uint8Array.from([
    ...[0xff, 0xd8],
    ...segment(0xe0, [0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]),
    ...segment(0xdb, [0, ...quantisers]),
    ...segment(0xc0, frame),
    ...segment(0xc4, codeTable(0, dc)),
    ...segment(0xc4, codeTable(0x10, ac)),
    ...segment(0xda, [3, 1, 0, 2, 0, 3, 0, 0, 63, 0]),
    ...stuffed(scan.bytes()),
    ...[0xff, 0xd9],
  ]);
}

/** JPEG forbids the code of ones only: one more symbol, the last of the longest, takes it and is never written. */
function withoutOnes(counts: readonly number[]): PrefixCode {
  const { lengths } = prefixCode([...counts, 1], 16);
  const spare = counts.length;
  const longest = lengths.indexOf(Math.max(...lengths));
  [lengths[spare], lengths[longest]] = [lengths[longest]!, lengths[spare]!];
  return { lengths, codes: canonicalCodes(lengths) };
}

function putToken(out: BitWriter, code: PrefixCode, { symbol, extra, bits }: Token): void {
  out.put(code.codes[symbol]!, code.lengths[symbol]!);
  if (bits > 0) out.put(extra, bits);
}

function tokenize(raster: Raster, quantisers: readonly number[]): readonly Token[] {
  const tokens: Token[] = [];
  const lastDc = [0, 0, 0];
  const block = new Float64Array(64);
  for (let top = 0; top < raster.height; top += 8)
    for (let left = 0; left < raster.width; left += 8)
      for (let channel = 0; channel < 3; channel++) {
        readBlock(raster, left, top, channel, block);
        const levels = transform(block, quantisers);
        tokens.push(sized(true, 0, levels[0]! - lastDc[channel]!));
        lastDc[channel] = levels[0]!;
        pushRuns(tokens, levels);
      }
  return tokens;
}

function pushRuns(tokens: Token[], levels: readonly number[]): void {
  let run = 0;
  for (let i = 1; i < 64; i++) {
    if (levels[i] === 0) {
      run++;
      continue;
    }
    for (; run > 15; run -= 16) tokens.push({ dc: false, symbol: 0xf0, extra: 0, bits: 0 });
    tokens.push(sized(false, run, levels[i]!));
    run = 0;
  }
  if (run > 0) tokens.push({ dc: false, symbol: 0, extra: 0, bits: 0 });
}

function sized(dc: boolean, run: number, value: number): Token {
  const bits = 32 - Math.clz32(Math.abs(value));
  return { dc, symbol: (run << 4) | bits, extra: value < 0 ? value + (1 << bits) - 1 : value, bits };
}

/** Y, Cb or Cr of 8x8 pixels, around 0; what lies outside repeats the edge. */
function readBlock(raster: Raster, left: number, top: number, channel: number, into: Float64Array): void {
  for (let i = 0; i < 64; i++) {
    const row = Math.min(raster.height - 1, top + (i >> 3));
    const column = Math.min(raster.width - 1, left + (i & 7));
    const at = (row * raster.width + column) * 3;
    const [red, green, blue] = [raster.rgb[at]!, raster.rgb[at + 1]!, raster.rgb[at + 2]!];
    const luma = 0.299 * red + 0.587 * green + 0.114 * blue;
    into[i] = channel === 0 ? luma - 128 : channel === 1 ? (blue - luma) / 1.772 : (red - luma) / 1.402;
  }
}

/** The quantised cosine transform, in zigzag order. */
function transform(block: Float64Array, quantisers: readonly number[]): readonly number[] {
  const rows = new Float64Array(64);
  for (let row = 0; row < 8; row++)
    for (let u = 0; u < 8; u++) {
      let sum = 0;
      for (let x = 0; x < 8; x++) sum += block[row * 8 + x]! * COSINES[u * 8 + x]!;
      rows[row * 8 + u] = sum;
    }
  return ZIGZAG.map((place, index) => {
    const [v, u] = [place >> 3, place & 7];
    let sum = 0;
    for (let y = 0; y < 8; y++) sum += rows[y * 8 + u]! * COSINES[v * 8 + y]!;
    return Math.round(sum / quantisers[index]!);
  });
}

function codeTable(id: number, code: PrefixCode): readonly number[] {
  const counts = new Array<number>(16).fill(0);
  const symbols: { symbol: number; length: number }[] = [];
  for (let symbol = 0; symbol < 256; symbol++) {
    const length = code.lengths[symbol]!;
    if (length === 0) continue;
    counts[length - 1]!++;
    symbols.push({ symbol, length });
  }
  symbols.sort((a, b) => a.length - b.length || a.symbol - b.symbol);
  return [id, ...counts, ...symbols.map(({ symbol }) => symbol)];
}

function segment(marker: number, payload: readonly number[]): readonly number[] {
  const length = payload.length + 2;
  return [0xff, marker, length >> 8, length, ...payload];
}

/** A byte of ones in the data is followed by a zero, so that it is no marker. */
function stuffed(bytes: Uint8Array): readonly number[] {
  const out: number[] = [];
  for (const byte of bytes) {
    out.push(byte);
    if (byte === 0xff) out.push(0);
  }
  return out;
}

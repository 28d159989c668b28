import type { BitWriter } from './bits.ts';
import { writeChromaDc, writeLumaDc } from './cavlc.ts';
import type { Picture } from './picture.ts';

/**
 * Quantisers at which one DC level is one step of a cell's value, so that flat cells come out exactly as drawn:
 * luma needs 28, chroma 22, which is 28 with an index offset of -6.
 */
export const LUMA_QP = 28;
export const CHROMA_QP_OFFSET = -6;

const VERTICAL = 0;
const HORIZONTAL = 1;
const DC = 2;
/** The chroma modes have other numbers than the luma ones. */
const CHROMA_MODE = { [VERTICAL]: 2, [HORIZONTAL]: 1, [DC]: 0 } as const;
const MODES = [VERTICAL, HORIZONTAL, DC] as const;
type Mode = (typeof MODES)[number];

const ZIGZAG = [0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 13, 10, 7, 11, 14, 15] as const;

const trial = new Int32Array(16);
const lumaLevels = new Int32Array(16);
const cbLevels = new Int32Array(4);
const crLevels = new Int32Array(4);
const best = new Int32Array(16);
const spare = new Int32Array(16);

/**
 * Writes one Intra16x16 macroblock whose residual is DC only, and what a decoder makes of it into `recon`.
 * `typeOffset` is 5 in a P slice, where the intra types come after the inter ones.
 */
export function writeMacroblock(
  out: BitWriter,
  source: Picture,
  recon: Picture,
  mx: number,
  my: number,
  typeOffset: number,
): void {
  const luma = chooseMode(source.y, recon.y, 4, source.mbWidth, mx, my, lumaLevels);
  const chroma = chooseChroma(source, recon, mx, my);
  const coded = cbLevels.some(Boolean) || crLevels.some(Boolean);
  out.ue(typeOffset + 1 + luma + (coded ? 4 : 0));
  out.ue(CHROMA_MODE[chroma]);
  out.se(0);
  for (let i = 0; i < 16; i++) spare[i] = lumaLevels[ZIGZAG[i]!]!;
  writeLumaDc(out, spare);
  if (coded) {
    writeChromaDc(out, cbLevels);
    writeChromaDc(out, crLevels);
  }
  reconstruct(recon.y, 4, source.mbWidth, mx, my, luma, lumaLevels);
  reconstruct(recon.cb, 2, source.mbWidth, mx, my, chroma, cbLevels);
  reconstruct(recon.cr, 2, source.mbWidth, mx, my, chroma, crLevels);
}

function allowed(mode: Mode, mx: number, my: number): boolean {
  return mode === DC || (mode === VERTICAL ? my > 0 : mx > 0);
}

function chooseMode(
  source: Uint8Array,
  recon: Uint8Array,
  n: number,
  mbWidth: number,
  mx: number,
  my: number,
  into: Int32Array,
): Mode {
  let chosen: Mode = DC;
  let lowest = Number.POSITIVE_INFINITY;
  for (const mode of MODES) {
    if (!allowed(mode, mx, my)) continue;
    const bits = levelsFor(source, recon, n, mbWidth, mx, my, mode, trial);
    if (bits >= lowest) continue;
    lowest = bits;
    chosen = mode;
    into.set(n === 4 ? trial : trial.subarray(0, 4));
  }
  return chosen;
}

/** Both chroma planes share one mode. */
function chooseChroma(source: Picture, recon: Picture, mx: number, my: number): Mode {
  let chosen: Mode = DC;
  let lowest = Number.POSITIVE_INFINITY;
  for (const mode of MODES) {
    if (!allowed(mode, mx, my)) continue;
    const cb = levelsFor(source.cb, recon.cb, 2, source.mbWidth, mx, my, mode, trial);
    best.set(trial);
    const bits = cb + levelsFor(source.cr, recon.cr, 2, source.mbWidth, mx, my, mode, trial);
    if (bits >= lowest) continue;
    lowest = bits;
    chosen = mode;
    cbLevels.set(best.subarray(0, 4));
    crLevels.set(trial.subarray(0, 4));
  }
  return chosen;
}

/** Fills the levels that correct the prediction, and guesses what they cost in bits. */
function levelsFor(
  source: Uint8Array,
  recon: Uint8Array,
  n: number,
  mbWidth: number,
  mx: number,
  my: number,
  mode: Mode,
  levels: Int32Array,
): number {
  const stride = n * mbWidth;
  const origin = my * n * stride + mx * n;
  predict(recon, n, mbWidth, mx, my, mode, levels);
  for (let row = 0; row < n; row++)
    for (let column = 0; column < n; column++) {
      const cell = row * n + column;
      levels[cell] = source[origin + row * stride + column]! - levels[cell]!;
    }
  hadamard(levels, n);
  const scale = n * n;
  let bits = mode === DC ? 0.5 : 0;
  for (let i = 0; i < scale; i++) {
    const level = Math.round(levels[i]! / scale);
    levels[i] = level;
    if (level !== 0) bits += 3 + 2 * Math.log2(Math.abs(level));
  }
  return bits;
}

function reconstruct(
  plane: Uint8Array,
  n: number,
  mbWidth: number,
  mx: number,
  my: number,
  mode: Mode,
  levels: Int32Array,
): void {
  const stride = n * mbWidth;
  const origin = my * n * stride + mx * n;
  predict(plane, n, mbWidth, mx, my, mode, spare);
  trial.set(levels);
  hadamard(trial, n);
  for (let row = 0; row < n; row++)
    for (let column = 0; column < n; column++) {
      const cell = row * n + column;
      plane[origin + row * stride + column] = Math.max(0, Math.min(255, spare[cell]! + trial[cell]!));
    }
}

/** The intra prediction of 8.3.3 and 8.3.4, on cells instead of pixels. */
function predict(
  plane: Uint8Array,
  n: number,
  mbWidth: number,
  mx: number,
  my: number,
  mode: Mode,
  into: Int32Array,
): void {
  const stride = n * mbWidth;
  const origin = my * n * stride + mx * n;
  const above = (column: number): number => plane[origin - stride + column]!;
  const beside = (row: number): number => plane[origin + row * stride - 1]!;
  if (mode === DC && n === 4) {
    let sum = 0;
    for (let i = 0; i < 4; i++) sum += (my > 0 ? above(i) : 0) + (mx > 0 ? beside(i) : 0);
    const sides = (my > 0 ? 1 : 0) + (mx > 0 ? 1 : 0);
    const value = sides === 2 ? (sum * 4 + 16) >> 5 : sides === 1 ? (sum * 4 + 8) >> 4 : 128;
    into.fill(value);
    return;
  }
  for (let row = 0; row < n; row++)
    for (let column = 0; column < n; column++) {
      let value: number;
      if (mode === VERTICAL) value = above(column);
      else if (mode === HORIZONTAL) value = beside(row);
      else if (my === 0 && mx === 0) value = 128;
      else if (my === 0) value = beside(row);
      else if (mx === 0) value = above(column);
      else if (row === column) value = (above(column) + beside(row) + 1) >> 1;
      // The block beside the corner looks to the edge it touches.
      else value = row === 0 ? above(column) : beside(row);
      into[row * n + column] = value;
    }
}

/** In place; its own inverse but for the factor n x n. */
function hadamard(block: Int32Array, n: number): void {
  if (n === 2) {
    const [a, b, c, d] = [block[0]!, block[1]!, block[2]!, block[3]!];
    block[0] = a + b + c + d;
    block[1] = a - b + c - d;
    block[2] = a + b - c - d;
    block[3] = a - b - c + d;
    return;
  }
  for (let i = 0; i < 4; i++) butterfly(block, i * 4, 1);
  for (let i = 0; i < 4; i++) butterfly(block, i, 4);
}

function butterfly(block: Int32Array, at: number, step: number): void {
  const a = block[at]!;
  const b = block[at + step]!;
  const c = block[at + 2 * step]!;
  const d = block[at + 3 * step]!;
  block[at] = a + b + c + d;
  block[at + step] = a + b - c - d;
  block[at + 2 * step] = a - b - c + d;
  block[at + 3 * step] = a - b + c - d;
}

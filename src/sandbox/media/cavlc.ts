import type { BitWriter } from './bits.ts';
import {
  CHROMA_COEFF_TOKEN,
  CHROMA_TOTAL_ZEROS,
  type Code,
  LUMA_COEFF_TOKEN,
  LUMA_TOTAL_ZEROS,
  RUN_BEFORE,
} from './cavlc-tables.ts';

/** Writes the 16 luma DC levels of a macroblock, in zigzag order (ITU-T H.264, 9.2). */
export function writeLumaDc(out: BitWriter, levels: Int32Array): void {
  writeBlock(out, levels, LUMA_COEFF_TOKEN, LUMA_TOTAL_ZEROS);
}

/** Writes the 4 DC levels of one chroma plane. */
export function writeChromaDc(out: BitWriter, levels: Int32Array): void {
  writeBlock(out, levels, CHROMA_COEFF_TOKEN, CHROMA_TOTAL_ZEROS);
}

function writeBlock(
  out: BitWriter,
  levels: Int32Array,
  tokens: readonly (readonly Code[])[],
  totalZeros: readonly (readonly Code[])[],
): void {
  const places: number[] = [];
  for (let place = levels.length - 1; place >= 0; place--) if (levels[place] !== 0) places.push(place);
  const total = places.length;
  let ones = 0;
  while (ones < 3 && ones < total && Math.abs(levels[places[ones]!]!) === 1) ones++;

  write(out, tokens[total]![ones]!);
  if (total === 0) return;
  for (let i = 0; i < ones; i++) out.put(levels[places[i]!]! < 0 ? 1 : 0, 1);
  writeLevels(out, places, levels, ones);

  let zerosLeft = places[0]! + 1 - total;
  if (total < levels.length) write(out, totalZeros[total - 1]![zerosLeft]!);
  for (let i = 0; i < total - 1 && zerosLeft > 0; i++) {
    const run = places[i]! - places[i + 1]! - 1;
    write(out, RUN_BEFORE[Math.min(zerosLeft, 7) - 1]![run]!);
    zerosLeft -= run;
  }
}

function writeLevels(out: BitWriter, places: readonly number[], levels: Int32Array, ones: number): void {
  let suffixLength = places.length > 10 && ones < 3 ? 1 : 0;
  for (let i = ones; i < places.length; i++) {
    const level = levels[places[i]!]!;
    let code = level > 0 ? 2 * level - 2 : -2 * level - 1;
    // After fewer than three trailing ones the next level cannot be another one, so the codes move down.
    if (i === ones && ones < 3) code -= 2;
    writeLevel(out, code, suffixLength);
    if (suffixLength === 0) suffixLength = 1;
    if (Math.abs(level) > 3 << (suffixLength - 1) && suffixLength < 6) suffixLength++;
  }
}

function writeLevel(out: BitWriter, code: number, suffixLength: number): void {
  const limit = suffixLength === 0 ? 30 : 15 << suffixLength;
  if (code >= limit) {
    out.put(1, 16);
    out.put(code - limit, 12);
  } else if (suffixLength > 0) {
    out.put(1, (code >> suffixLength) + 1);
    out.put(code, suffixLength);
  } else if (code < 14) {
    out.put(1, code + 1);
  } else {
    out.put(1, 15);
    out.put(code - 14, 4);
  }
}

function write(out: BitWriter, code: Code): void {
  out.put(code.value, code.length);
}

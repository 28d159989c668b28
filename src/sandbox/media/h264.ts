import { type BitWriter, bitWriter } from './bits.ts';
import { CHROMA_QP_OFFSET, LUMA_QP, writeMacroblock } from './macroblock.ts';
import { clonePicture, copyPicture, newPicture, type Picture } from './picture.ts';

/** One coded picture, as MP4 wants it: NAL units with a 4-byte length before each. */
export interface Sample {
  readonly data: Uint8Array;
  /** A picture from which a player can start. */
  readonly sync: boolean;
}

export interface ParameterSets {
  readonly sps: Uint8Array;
  readonly pps: Uint8Array;
}

const BASELINE = 66;
/** Constraint sets 0 and 1: Constrained Baseline, which every player decodes. */
const CONSTRAINTS = 0xc0;
const FRAME_NUM_BITS = 4;
const NAL_SLICE = 1;
const NAL_IDR = 5;
const NAL_SPS = 7;
const NAL_PPS = 8;

/** The largest frame of each level, in macroblocks (table A-1). */
const LEVELS = [
  [30, 1620],
  [31, 3600],
  [40, 8192],
  [50, 22080],
  [51, 36864],
] as const;

/** A function of the size alone, so that all clips of one size can be joined without encoding them again. */
export function parameterSets(width: number, height: number): ParameterSets {
  const mbWidth = Math.ceil(width / 16);
  const mbHeight = Math.ceil(height / 16);
  const level = LEVELS.find(([, blocks]) => mbWidth * mbHeight <= blocks)?.[0] ?? 52;

  const sps = bitWriter();
  sps.put(BASELINE, 8);
  sps.put(CONSTRAINTS, 8);
  sps.put(level, 8);
  sps.ue(0);
  sps.ue(FRAME_NUM_BITS - 4);
  sps.ue(2); // pictures are shown in the order they are coded
  sps.ue(1); // one reference frame
  sps.put(0, 1);
  sps.ue(mbWidth - 1);
  sps.ue(mbHeight - 1);
  sps.put(0b11, 2); // whole frames; direct_8x8_inference
  const cropRight = (mbWidth * 16 - width) / 2;
  const cropBottom = (mbHeight * 16 - height) / 2;
  sps.put(cropRight > 0 || cropBottom > 0 ? 1 : 0, 1);
  if (cropRight > 0 || cropBottom > 0) for (const side of [0, cropRight, 0, cropBottom]) sps.ue(side);
  writeUsability(sps);

  const pps = bitWriter();
  pps.ue(0);
  pps.ue(0);
  pps.put(0, 2); // CAVLC; no bottom-field order
  pps.ue(0);
  pps.ue(0);
  pps.ue(0);
  pps.put(0, 3); // no weighted prediction
  pps.se(LUMA_QP - 26);
  pps.se(0);
  pps.se(CHROMA_QP_OFFSET);
  pps.put(0b100, 3); // the deblocking filter is controlled: it is switched off, or cells would blur
  return { sps: nalUnit(NAL_SPS, sps.finish()), pps: nalUnit(NAL_PPS, pps.finish()) };
}

/** Square pixels, BT.709 in limited range, no reordering. */
function writeUsability(sps: BitWriter): void {
  sps.put(1, 1);
  sps.put(1, 1);
  sps.put(1, 8);
  sps.put(0, 1);
  sps.put(1, 1);
  sps.put(5, 3);
  sps.put(0, 1);
  sps.put(1, 1);
  for (const bt709 of [1, 1, 1]) sps.put(bt709, 8);
  sps.put(0, 5); // no chroma location, timing, HRD or picture structure
  sps.put(1, 1);
  sps.put(1, 1);
  for (const limit of [0, 0, 10, 10, 0, 1]) sps.ue(limit);
}

/** Returns a function that codes one picture after another; what did not change since the last one is skipped. */
export function videoEncoder(width: number, height: number): (picture: Picture, sync: boolean) => Sample {
  const recon = newPicture(width, height);
  let last: Picture | undefined;
  let frameNum = 0;
  let idrId = 0;

  return (picture, wantsSync) => {
    const previous = wantsSync ? undefined : last;
    const sync = previous === undefined;
    const out = bitWriter();
    frameNum = sync ? 0 : (frameNum + 1) % (1 << FRAME_NUM_BITS);
    writeSliceHeader(out, sync, frameNum, idrId);
    if (sync) idrId = (idrId + 1) % 2;
    let skipped = 0;
    for (let my = 0; my < picture.mbHeight; my++)
      for (let mx = 0; mx < picture.mbWidth; mx++) {
        if (previous && unchanged(previous, picture, mx, my)) {
          skipped++;
          continue;
        }
        if (previous) out.ue(skipped);
        skipped = 0;
        writeMacroblock(out, picture, recon, mx, my, previous ? 5 : 0);
      }
    if (skipped > 0) out.ue(skipped);
    if (last) copyPicture(picture, last);
    else last = clonePicture(picture);
    return { data: lengthPrefixed(nalUnit(sync ? NAL_IDR : NAL_SLICE, out.finish())), sync };
  };
}

function writeSliceHeader(out: BitWriter, sync: boolean, frameNum: number, idrId: number): void {
  out.ue(0);
  out.ue(sync ? 7 : 5);
  out.ue(0);
  out.put(frameNum, FRAME_NUM_BITS);
  if (sync) {
    out.ue(idrId);
    out.put(0, 2);
  } else {
    out.put(0, 3);
  }
  out.se(0);
  out.ue(1);
}

function unchanged(a: Picture, b: Picture, mx: number, my: number): boolean {
  return (
    sameBlock(a.y, b.y, 4, a.mbWidth, mx, my) &&
    sameBlock(a.cb, b.cb, 2, a.mbWidth, mx, my) &&
    sameBlock(a.cr, b.cr, 2, a.mbWidth, mx, my)
  );
}

function sameBlock(a: Uint8Array, b: Uint8Array, n: number, mbWidth: number, mx: number, my: number): boolean {
  const stride = n * mbWidth;
  for (let row = 0; row < n; row++) {
    const start = (my * n + row) * stride + mx * n;
    for (let at = start; at < start + n; at++) if (a[at] !== b[at]) return false;
  }
  return true;
}

/** Header byte and payload; three bytes that could be taken for a start code are broken up. */
function nalUnit(type: number, payload: Uint8Array): Uint8Array {
  const unit = new Uint8Array(1 + payload.length + (payload.length >> 1));
  unit[0] = (3 << 5) | type;
  let at = 1;
  let zeros = 0;
  for (const byte of payload) {
    if (zeros === 2 && byte <= 3) {
      unit[at++] = 3;
      zeros = 0;
    }
    unit[at++] = byte;
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return unit.slice(0, at);
}

function lengthPrefixed(unit: Uint8Array): Uint8Array {
  const data = new Uint8Array(4 + unit.length);
  new DataView(data.buffer).setUint32(0, unit.length);
  data.set(unit, 4);
  return data;
}

import { open } from 'node:fs/promises';

/** 4.6 hours at 60 frames a second. */
const MAX_FRAMES = 1_000_000;
/** Of 16 bytes a frame and more than enough for `MAX_FRAMES`. */
const MAX_INDEX_BYTES = 64 * 1024 * 1024;
/** Boxes beside each other; fragments come in pairs of them, mostly one a second. */
const MAX_BOXES = 200_000;
const SAMPLES_A_FRAME = 64;
const CONTAINERS = new Set(['trak', 'mdia', 'minf', 'traf']);

/**
 * Whether an MP4's or MOV's index can be worked through. It says in a few bytes how many frames there are, and a reader
 * that lists them all is sent out of memory by a damaged or hostile file: so the sums are looked at first.
 */
export async function isIndexSound(path: string): Promise<boolean> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const header = Buffer.alloc(16);
    let frames = 0;
    let at = 0;
    for (let boxes = 0; at + 8 <= size; boxes++) {
      if (boxes > MAX_BOXES) return false;
      const { bytesRead } = await handle.read(header, 0, 16, at);
      const box = boxAt(header, 0, bytesRead);
      if (!box) return false;
      if (box.type === 'moov' || box.type === 'moof') {
        const length = Math.min(box.size || size, size - at);
        if (length > MAX_INDEX_BYTES) return false;
        const index = Buffer.alloc(length);
        await handle.read(index, 0, length, at);
        frames += countFrames(index, box.head, length);
        if (!(frames <= MAX_FRAMES)) return false;
      }
      if (box.size === 0) break;
      at += box.size;
    }
    return true;
  } finally {
    await handle.close();
  }
}

interface Box {
  readonly type: string;
  /** With its header; 0: up to the file's end. */
  readonly size: number;
  /** Length of the header. */
  readonly head: number;
}

function boxAt(data: Buffer, at: number, end: number): Box | undefined {
  if (at + 8 > end) return undefined;
  const type = data.toString('latin1', at + 4, at + 8);
  const short = data.readUInt32BE(at);
  if (short !== 1) return short === 0 || short >= 8 ? { type, size: short, head: 8 } : undefined;
  if (at + 16 > end) return undefined;
  const size = Number(data.readBigUInt64BE(at + 8));
  return size >= 16 ? { type, size, head: 16 } : undefined;
}

/** How many frames the boxes between two places promise; infinite when they contradict themselves. */
function countFrames(data: Buffer, from: number, to: number): number {
  let frames = 0;
  for (const { type, start, end } of boxesIn(data, from, to)) {
    if (type === 'stbl') frames += countListed(data, start, end);
    else if (CONTAINERS.has(type)) frames += countFrames(data, start, end);
    else if (type === 'trun' && start + 8 <= end) frames += data.readUInt32BE(start + 4);
  }
  return frames;
}

/** One track's tables. Each has its own idea of how many frames there are; a reader may loop over the largest. */
function countListed(data: Buffer, from: number, to: number): number {
  const counts = { stts: 0, ctts: 0, stsz: 0, chunk: 0 };
  let chunks = 0;
  let lastChunk = 0;
  let fixedSize = false;
  for (const { type, start, end } of boxesIn(data, from, to)) {
    if (start + 8 > end) continue;
    const entries = (bytes: number, first = 8): number => {
      const count = data.readUInt32BE(start + first - 4);
      return start + first + count * bytes <= end ? count : Number.POSITIVE_INFINITY;
    };
    if (type === 'stts' || type === 'ctts') counts[type] += sumCounts(data, start + 8, entries(8));
    if (type === 'stco') chunks += entries(4);
    if (type === 'co64') chunks += entries(8);
    if (type === 'stsz' && start + 12 <= end) {
      fixedSize = data.readUInt32BE(start + 4) !== 0;
      counts.stsz += fixedSize ? data.readUInt32BE(start + 8) : entries(4, 12);
    }
    if (type === 'stsc') {
      const count = entries(12);
      if (!Number.isFinite(count)) return count;
      for (let at = start + 8; at < start + 8 + count * 12; at += 12) {
        const chunk = data.readUInt32BE(at);
        // They ascend from 1; a step back makes a reader's sums negative.
        if (chunk <= lastChunk) return Number.POSITIVE_INFINITY;
        lastChunk = chunk;
        counts.chunk = Math.max(counts.chunk, data.readUInt32BE(at + 4));
      }
    }
  }
  const most = Math.max(...Object.values(counts));
  if (lastChunk > Math.max(1, chunks)) return Number.POSITIVE_INFINITY;
  // Uncompressed sound has one "frame" a sample, all of one size: these are counted by the second and not listed.
  return fixedSize && counts.ctts === 0 ? most / SAMPLES_A_FRAME : most;
}

function* boxesIn(data: Buffer, from: number, to: number) {
  for (let at = from; ; ) {
    const box = boxAt(data, at, to);
    if (!box) return;
    const end = box.size === 0 ? to : Math.min(at + box.size, to);
    yield { type: box.type, start: at + box.head, end };
    at = end;
  }
}

function sumCounts(data: Buffer, start: number, count: number): number {
  if (!Number.isFinite(count)) return count;
  let sum = 0;
  for (let index = 0; index < count; index++) sum += data.readUInt32BE(start + index * 8);
  return sum;
}

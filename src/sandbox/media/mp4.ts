import type { ParameterSets, Sample } from './h264.ts';

/** Ticks a second, of the movie and of its track: whole frames and whole milliseconds are exact in it. */
export const TIMESCALE = 12_000;

export interface Track {
  readonly width: number;
  readonly height: number;
  readonly parameters: ParameterSets;
  readonly samples: readonly Sample[];
  /** Ticks of every sample but the last, which takes what is left of the duration. */
  readonly ticksPerSample: number;
  readonly durationTicks: number;
  /** Unix seconds; kept in the file. */
  readonly createdAt: number;
  readonly title: string;
}

/** Seconds between 1904, where MP4 counts from, and 1970. */
const EPOCH = 2_082_844_800;
const IDENTITY = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000];

/** The whole file, `moov` before `mdat`, so that a player can start before it has all of it. */
export function writeMp4(track: Track): Uint8Array {
  const ftyp = box('ftyp', text('isom'), u32(0x200), text('isomiso2avc1mp41'));
  const offset = ftyp.length + movie(track, 0).length + 8;
  const samples = track.samples.map((sample) => sample.data);
  return concat([ftyp, movie(track, offset), box('mdat', ...samples)]);
}

function movie(track: Track, offset: number): Uint8Array {
  const times = [track.createdAt + EPOCH, track.createdAt + EPOCH];
  const mvhd = fullBox(
    'mvhd',
    0,
    ...times.map(u32),
    u32(TIMESCALE),
    u32(track.durationTicks),
    u32(0x10000),
    u16(0x100),
    zeros(10),
    ...IDENTITY.map(u32),
    zeros(24),
    u32(2),
  );
  const tkhd = fullBox(
    'tkhd',
    3,
    ...times.map(u32),
    u32(1),
    u32(0),
    u32(track.durationTicks),
    zeros(16),
    ...IDENTITY.map(u32),
    u32(track.width * 0x10000),
    u32(track.height * 0x10000),
  );
  const mdhd = fullBox('mdhd', 0, ...times.map(u32), u32(TIMESCALE), u32(track.durationTicks), u16(0x55c4), u16(0));
  const media = box('mdia', mdhd, handler('vide', 'SANDBOX video'), mediaInformation(track, offset));
  return box('moov', mvhd, box('trak', tkhd, media), userData(track.title));
}

function mediaInformation(track: Track, offset: number): Uint8Array {
  const dinf = box('dinf', fullBox('dref', 0, u32(1), fullBox('url ', 1)));
  const count = track.samples.length;
  const lastTicks = track.durationTicks - (count - 1) * track.ticksPerSample;
  const runs = [[count - 1, track.ticksPerSample] as const, [1, lastTicks] as const].filter(([length]) => length > 0);
  const sync = track.samples.flatMap((sample, index) => (sample.sync ? [index + 1] : []));
  const table = box(
    'stbl',
    fullBox('stsd', 0, u32(1), sampleEntry(track)),
    fullBox('stts', 0, u32(runs.length), ...runs.flat().map(u32)),
    fullBox('stss', 0, u32(sync.length), ...sync.map(u32)),
    fullBox('stsc', 0, u32(1), u32(1), u32(count), u32(1)),
    fullBox('stsz', 0, u32(0), u32(count), ...track.samples.map((sample) => u32(sample.data.length))),
    fullBox('stco', 0, u32(1), u32(offset)),
  );
  return box('minf', fullBox('vmhd', 1, zeros(8)), dinf, table);
}

function sampleEntry({ width, height, parameters: { sps, pps } }: Track): Uint8Array {
  const avcC = box(
    'avcC',
    Uint8Array.of(1, sps[1]!, sps[2]!, sps[3]!, 0xff, 0xe1),
    u16(sps.length),
    sps,
    Uint8Array.of(1),
    u16(pps.length),
    pps,
  );
  return box(
    'avc1',
    zeros(6),
    u16(1),
    zeros(16),
    u16(width),
    u16(height),
    u32(0x480000),
    u32(0x480000),
    zeros(4),
    u16(1),
    zeros(32),
    u16(24),
    u16(0xffff),
    avcC,
    box('colr', text('nclx'), u16(1), u16(1), u16(1), zeros(1)),
    box('pasp', u32(1), u32(1)),
  );
}

/** The title that players show. */
function userData(title: string): Uint8Array {
  const value = box('data', u32(1), u32(0), text(title));
  const list = box('ilst', box('\u00a9nam', value));
  return box('udta', fullBox('meta', 0, handler('mdir', ''), list));
}

function handler(type: string, name: string): Uint8Array {
  return fullBox('hdlr', 0, zeros(4), text(type), zeros(12), text(name), zeros(1));
}

function box(type: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 8);
  return concat([u32(length), Uint8Array.from(type, (char) => char.charCodeAt(0)), ...parts]);
}

function fullBox(type: string, flags: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return box(type, u32(flags), ...parts);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value);
}

function u32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

function zeros(count: number): Uint8Array {
  return new Uint8Array(count);
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

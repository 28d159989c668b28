import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll } from 'vitest';
import { SoraError } from '../../src/domain/errors.ts';

const run = promisify(execFile);

/** A folder of its own that goes when the file's tests are done. */
export async function scratchFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sora-media-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function ffmpeg(...args: string[]): Promise<string> {
  const { stderr } = await run('ffmpeg', ['-v', 'error', '-y', '-nostdin', ...args]);
  return stderr;
}

export interface ClipOptions {
  readonly seconds?: number;
  readonly size?: string;
  readonly rate?: string;
  readonly sound?: boolean | string;
  readonly source?: string;
  readonly more?: readonly string[];
}

/** An H.264 clip with B-frames, as an encoder makes it by default. */
export async function makeClip(path: string, options: ClipOptions = {}): Promise<string> {
  const { seconds = 1, size = '320x180', rate = '30', sound = false, source = 'testsrc2', more = [] } = options;
  const tone = typeof sound === 'string' ? sound : 'sine=frequency=440:sample_rate=44100';
  await ffmpeg(
    ...['-f', 'lavfi', '-i', `${source}=size=${size}:rate=${rate}:duration=${seconds}`],
    ...(sound ? ['-f', 'lavfi', '-i', `${tone}:duration=${seconds}`, '-c:a', 'aac', '-ac', '2'] : []),
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-bf', '3', '-g', '30', '-pix_fmt', 'yuv420p'],
    ...more,
    path,
  );
  return path;
}

export interface Probe {
  readonly seconds: number;
  readonly codecs: readonly string[];
  readonly videoFrames: number;
  readonly hasBFrames: boolean;
}

export async function ffprobe(path: string): Promise<Probe> {
  const fields = 'format=duration:stream=codec_name,codec_type,nb_read_frames,has_b_frames';
  const { stdout } = await run('ffprobe', [
    '-v',
    'error',
    '-count_frames',
    '-show_entries',
    fields,
    '-of',
    'json',
    path,
  ]);
  const { streams, format } = JSON.parse(stdout) as {
    streams: { codec_name: string; codec_type: string; nb_read_frames: string; has_b_frames?: number }[];
    format: { duration: string };
  };
  const video = streams.find((stream) => stream.codec_type === 'video');
  return {
    seconds: Number(format.duration),
    codecs: streams.map((stream) => stream.codec_name),
    videoFrames: Number(video?.nb_read_frames),
    hasBFrames: (video?.has_b_frames ?? 0) > 0,
  };
}

/** Presentation times of every frame of the picture, in seconds. */
export async function frameTimes(path: string): Promise<number[]> {
  const { stdout } = await run(
    'ffprobe',
    ['-v', 'error', '-select_streams', 'v', '-show_entries', 'frame=pts_time', '-of', 'csv=p=0', path],
    { maxBuffer: 16 * 1024 * 1024 },
  );
  return stdout
    .split('\n')
    .map((line) => Number.parseFloat(line))
    .filter(Number.isFinite);
}

/** A digest of every decoded frame, so that frames can be compared with where they came from. */
export async function frameDigests(path: string): Promise<string[]> {
  const { stdout } = await run('ffmpeg', ['-v', 'error', '-i', path, '-map', '0:v', '-f', 'framemd5', '-']);
  return stdout
    .split('\n')
    .filter((line) => /^\d/.test(line))
    .map((line) => line.split(',').at(-1)!.trim());
}

/** The largest distance between numbers that should be the same; infinite when there are not as many. */
export function largestGap(actual: readonly number[], expected: readonly number[]): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  return Math.max(...actual.map((value, index) => Math.abs(value - expected[index]!)));
}

/** What decoding it from end to end complains about: nothing. */
export function decodeErrors(path: string): Promise<string> {
  return ffmpeg('-i', path, '-f', 'null', '-');
}

export async function soraError(work: Promise<unknown> | (() => unknown)): Promise<SoraError> {
  try {
    await (typeof work === 'function' ? work() : work);
  } catch (error) {
    if (error instanceof SoraError) return error;
    throw error;
  }
  throw new Error('it was expected to fail');
}

/** A picture as RGB bytes, decoded by ffmpeg. */
export async function rawPixels(path: string): Promise<{ width: number; height: number; data: Buffer }> {
  const size = await run('ffprobe', ['-v', 'error', '-show_entries', 'stream=width,height', '-of', 'csv=p=0', path]);
  const [width, height] = size.stdout.trim().split(',').map(Number);
  const { stdout } = await run('ffmpeg', ['-v', 'error', '-i', path, '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'], {
    encoding: 'buffer',
    maxBuffer: 64 * 1024 * 1024,
  });
  return { width: width!, height: height!, data: stdout };
}

import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type ClipFacts, renderClip } from '../../src/sandbox/media/clip.ts';

const run = promisify(execFile);

/** Whether a program is installed; tests that need it are skipped where it is not. */
export function installed(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

/** A folder that is gone after `use`. */
export async function inTemporaryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'sora-test-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A sandbox clip; by default one that the forwarding route takes for a character: 3 s at 1280x720. */
export function clipBytes(facts: Partial<ClipFacts> = {}): Promise<Uint8Array> {
  const defaults = { prompt: 'a clip', seconds: 3, width: 1280, height: 720, characters: [], label: 'test' };
  return renderClip({ ...defaults, createdAt: 1_795_305_600, ...facts });
}

export interface Probed {
  readonly codec: string;
  readonly profile: string;
  readonly width: number;
  readonly height: number;
  readonly seconds: number;
  /** Pictures that really decode. */
  readonly frames: number;
  /** Everything that ffprobe and ffmpeg had to complain of. */
  readonly complaints: string;
}

/** What ffprobe says of a file, after every picture of it was decoded. */
export async function probe(bytes: Uint8Array, extension = 'mp4'): Promise<Probed> {
  return inTemporaryFolder(async (folder) => {
    const file = join(folder, `media.${extension}`);
    await writeFile(file, bytes);
    const show = 'stream=codec_name,profile,width,height,nb_read_frames:format=duration';
    const asked = ['-v', 'warning', '-count_frames', '-show_entries', show, '-of', 'json', file];
    const probed = await run('ffprobe', asked);
    const decoded = await run('ffmpeg', ['-v', 'warning', '-xerror', '-i', file, '-f', 'null', '-']);
    const { streams, format } = JSON.parse(probed.stdout);
    return {
      codec: streams[0].codec_name,
      profile: streams[0].profile,
      width: streams[0].width,
      height: streams[0].height,
      seconds: Number(format.duration),
      frames: Number(streams[0].nb_read_frames),
      complaints: probed.stderr + decoded.stderr,
    };
  });
}

/** The luma of every pixel of one picture of a video, row by row. */
export async function lumaAt(bytes: Uint8Array, frame: number): Promise<Buffer> {
  return inTemporaryFolder(async (folder) => {
    const file = join(folder, 'media.mp4');
    await writeFile(file, bytes);
    const select = ['-vf', `select=eq(n\\,${frame})`, '-frames:v', '1', '-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-'];
    const { stdout } = await run('ffmpeg', ['-v', 'error', '-i', file, ...select], {
      encoding: 'buffer',
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout.subarray(0, (stdout.length * 2) / 3);
  });
}

/** Videos one after the other, their pictures copied as they are. */
export async function joined(parts: readonly Uint8Array[]): Promise<Uint8Array> {
  return inTemporaryFolder(async (folder) => {
    const names = parts.map((_, index) => `part-${index}.mp4`);
    await Promise.all(parts.map((part, index) => writeFile(join(folder, names[index]!), part)));
    await writeFile(join(folder, 'list.txt'), names.map((name) => `file '${name}'\n`).join(''));
    const whole = join(folder, 'whole.mp4');
    await run('ffmpeg', ['-v', 'error', '-f', 'concat', '-i', join(folder, 'list.txt'), '-c', 'copy', whole]);
    return readFile(whole);
  });
}

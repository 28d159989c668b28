/**
 * Joining clips: our time and memory beside `ffmpeg -f concat -c copy` in the same run, each in a process of its own.
 * `node test/bench/run.mjs film [clips] [megabytes a clip] [rounds]`, by default 20 of 20 MB, 5 times.
 */
import { copyFile, mkdtemp, open, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { joinClips } from '../../src/media/film.ts';
import { type Measured, makeBenchClip, measure, median, probeSeconds, table } from './film-measure.ts';

const [, self = '', ...args] = process.argv;

if (args[0] === 'join') {
  const [, output = '', ...clips] = args;
  await joinClips({ clips, output });
} else if (args[0] === 'idle') {
  // What a process costs that has only loaded the code.
  await import('../../src/media/mediabunny.ts');
} else {
  await compare(Number(args[0] ?? 20), Number(args[1] ?? 20), Number(args[2] ?? 5));
}

async function compare(count: number, megabytes: number, rounds: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sora-bench-film-'));
  try {
    const first = join(folder, 'scene-1.mp4');
    await makeBenchClip(first, megabytes);
    const clips = [first];
    for (let scene = 2; scene <= count; scene++) {
      const path = join(folder, `scene-${scene}.mp4`);
      await copyFile(first, path);
      clips.push(path);
    }
    const list = join(folder, 'list.txt');
    await writeFile(list, clips.map((path) => `file '${path}'\n`).join(''));

    const ours = join(folder, 'ours.mp4');
    const short = join(folder, 'other.mp4');
    const few = clips.slice(0, Math.ceil(count / 4));
    const theirs = join(folder, 'ffmpeg.mp4');
    const concat = ['-v', 'error', '-y', '-nostdin', '-f', 'concat', '-safe', '0', '-i', list, '-c', 'copy'];
    const node = (...rest: string[]) => measure(process.execPath, [self, ...rest]);
    const ways: Record<string, () => Promise<Measured>> = {
      'node, code loaded, nothing joined': () => node('idle'),
      'joinClips, 1 clip': () => node('join', short, first),
      [`joinClips, ${few.length} clips`]: () => node('join', short, ...few),
      'ffmpeg, concat copy': () => measure('ffmpeg', [...concat, theirs]),
      'ffmpeg, concat copy, faststart': () => measure('ffmpeg', [...concat, '-movflags', '+faststart', theirs]),
      [`joinClips, ${count} clips`]: () => node('join', ours, ...clips),
      [`joinClips, ${2 * count} clips`]: () => node('join', short, ...clips, ...clips),
      // The same bytes moved and nothing else, and brought to the disk as ours are.
      'cat and sync': () => measure('sh', ['-c', `cat "$@" > "$0" && sync "$0"`, join(folder, 'other.mp4'), ...clips]),
    };
    const results: Record<string, Measured[]> = {};
    for (let round = 0; round < rounds; round++) {
      // Taken in turns, so that what else the machine does falls on all.
      for (const [name, run] of Object.entries(ways)) {
        results[name] ??= [];
        results[name].push(await run());
      }
    }
    const rows = Object.entries(results).map(([name, all]) => ({
      name,
      seconds: median(all.map((one) => one.seconds)),
      cpuSeconds: median(all.map((one) => one.cpuSeconds)),
      peakMegabytes: median(all.map((one) => one.peakMegabytes)),
    }));
    const one = (await stat(first)).size / 1e6;
    process.stdout.write(
      `${count} clips of ${one.toFixed(1)} MB, median of ${rounds}, ${process.version}\n\n${table(rows)}\n`,
    );
    const expected = (await probeSeconds(first)) * count;
    process.stdout.write(
      `length: ours ${await probeSeconds(ours)} s, ffmpeg's ${await probeSeconds(theirs)} s, sum ${expected} s\n`,
    );
    const heads = await Promise.all([ours, theirs].map(headOf));
    process.stdout.write(
      `size: ours ${(await stat(ours)).size}, ffmpeg's ${(await stat(theirs)).size}; index ${heads.join(' / ')}\n`,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Which comes first. */
async function headOf(path: string): Promise<string> {
  const handle = await open(path);
  const { buffer } = await handle.read(Buffer.alloc(65_536), 0, 65_536, 0);
  await handle.close();
  return buffer.includes('moov') ? 'in front' : 'at the end';
}

import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Measured {
  readonly seconds: number;
  /** User and system time together. */
  readonly cpuSeconds: number;
  /** The largest resident memory, as the kernel counted it. */
  readonly peakMegabytes: number;
}

/** Python's wait4 is the one way at hand that tells a finished child's own peak memory; Node tells only its own. */
const WATCH = `
import os, sys, time
start = time.monotonic()
pid = os.spawnvp(os.P_NOWAIT, sys.argv[1], sys.argv[1:])
_, status, used = os.wait4(pid, 0)
print(status, time.monotonic() - start, used.ru_utime + used.ru_stime, used.ru_maxrss)
`;

/** Runs a command to its end in a fresh process. */
export async function measure(command: string, args: readonly string[]): Promise<Measured> {
  const child = spawn('python3', ['-c', WATCH, command, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  for await (const chunk of child.stdout) out += chunk;
  const [status, seconds, cpu, kilobytes] = out.trim().split('\n').at(-1)!.split(' ').map(Number);
  if (status !== 0) throw new Error(`${command} failed: ${out}`);
  return { seconds: seconds!, cpuSeconds: cpu!, peakMegabytes: kilobytes! / 1024 };
}

/** A clip that is large by its noise; a second of 40 Mbit/s is 5 MB. */
export async function makeBenchClip(path: string, megabytes: number): Promise<void> {
  const seconds = 4;
  const rate = `${Math.round((megabytes * 8) / seconds)}M`;
  await run('ffmpeg', [
    ...['-v', 'error', '-y', '-nostdin', '-f', 'lavfi', '-i', `testsrc2=size=1280x720:rate=30:duration=${seconds}`],
    ...['-f', 'lavfi', '-i', `sine=frequency=440:duration=${seconds}`, '-vf', 'noise=alls=60:allf=t'],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-g', '30', '-pix_fmt', 'yuv420p'],
    ...['-b:v', rate, '-minrate', rate, '-maxrate', rate, '-bufsize', rate, '-x264-params', 'nal-hrd=cbr'],
    ...['-c:a', 'aac', '-ac', '2', '-movflags', '+faststart', path],
  ]);
}

export async function probeSeconds(path: string): Promise<number> {
  const { stdout } = await run('ffprobe', ['-v', 'error', '-show_entries', 'format=duration', '-of', 'csv=p=0', path]);
  return Number(stdout);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function table(rows: readonly (Measured & { readonly name: string })[]): string {
  const lines = rows.map(
    ({ name, seconds, cpuSeconds, peakMegabytes }) =>
      `| ${name} | ${seconds.toFixed(2)} | ${cpuSeconds.toFixed(2)} | ${peakMegabytes.toFixed(0)} |\n`,
  );
  return `| what | seconds | CPU seconds | peak memory, MB |\n| --- | --- | --- | --- |\n${lines.join('')}`;
}

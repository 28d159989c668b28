import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Measured {
  readonly seconds: number;
  /** User and system time together. */
  readonly cpuSeconds: number;
  /** The largest resident memory, as the kernel counted it. */
  readonly peakMegabytes: number;
}

/** The kernel's unit of a process's time. */
const TICKS_A_SECOND = 100;
const LOOK_EVERY_MS = 10;

/** Runs a command to its end in a fresh process, and looks at what Linux says of it meanwhile. */
export async function measure(command: string, args: readonly string[]): Promise<Measured> {
  const start = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  let peakMegabytes = 0;
  let cpuSeconds = 0;
  const look = () => {
    try {
      // The peak never falls, so that only what comes in the last moments is missed.
      const status = readFileSync(`/proc/${child.pid}/status`, 'latin1');
      peakMegabytes = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? peakMegabytes * 1024) / 1024;
      const [user, system] = readFileSync(`/proc/${child.pid}/stat`, 'latin1').split(') ')[1]!.split(' ').slice(11, 13);
      cpuSeconds = (Number(user) + Number(system)) / TICKS_A_SECOND;
    } catch {
      // It has ended.
    }
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  const [status] = await once(child, 'exit');
  clearInterval(timer);
  if (status !== 0) throw new Error(`${command} ended with ${status}`);
  return { seconds: (performance.now() - start) / 1000, cpuSeconds, peakMegabytes };
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

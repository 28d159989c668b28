/**
 * A video of 1 GB from a server on the loopback, saved as the tracker saves it and by `curl -o`, in turns: seconds, and the
 * most memory each ever held. `node test/bench/run.mjs download`
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { definitionOf } from '../../src/backends/definition.ts';
import { createBackend } from '../../src/backends/registry.ts';
import { checkMp4 } from '../../src/store/mp4.ts';
import { saveStream } from '../../src/store/partfile.ts';
import { median, report } from './figures.ts';

const GIB = 1024 ** 3;
const CHUNK = 256 * 1024;
const RUNS = 3;

/** ftyp, moov, and an mdat that makes the whole so long: valid to whoever walks the boxes. */
function headOf(bytes: number): Buffer {
  const box = (type: string, body: Buffer) => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(8 + body.length, 0);
    head.write(type, 4, 'latin1');
    return Buffer.concat([head, body]);
  };
  const front = Buffer.concat([box('ftyp', Buffer.from('isom\0\0\0\0isommp42')), box('moov', Buffer.alloc(1_024))]);
  const mdat = Buffer.alloc(8);
  mdat.writeUInt32BE(bytes - front.length, 0);
  mdat.write('mdat', 4, 'latin1');
  return Buffer.concat([front, mdat]);
}

/** Runs in a process of its own, so that its memory and its time are nobody else's. */
async function serve(bytes: number): Promise<void> {
  const head = headOf(bytes);
  const chunk = Buffer.alloc(CHUNK, 0x5a);
  const server: Server = createServer(async (request, response) => {
    if (!request.url?.includes('/content')) {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"v","status":"completed"}');
      return;
    }
    response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': bytes });
    response.write(head);
    for (let left = bytes - head.length; left > 0; left -= CHUNK) {
      if (response.destroyed) return;
      if (!response.write(left >= CHUNK ? chunk : chunk.subarray(0, left))) await once(response, 'drain');
    }
    response.end();
  });
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
}

/** What the tracker does with a finished job, in a process that does nothing else. */
async function save(port: number, dir: string): Promise<void> {
  const [definition] = await definitionOf({
    backends: [{ id: 'bench', route: 'forwarding', dialect: 'openai', baseUrl: `http://127.0.0.1:${port}/v1` }],
  });
  const backend = createBackend(definition!);
  const peak = { rss: 0 };
  const before = process.memoryUsage().rss;
  const watch = setInterval(() => {
    peak.rss = Math.max(peak.rss, process.memoryUsage().rss);
  }, 20);
  const begun = performance.now();
  await saveStream({
    dir,
    name: 'ours.mp4',
    open: (fromByte) => backend.openContent({ remoteId: 'v' }, 'video', fromByte),
    check: checkMp4,
  });
  clearInterval(watch);
  process.send?.({
    seconds: (performance.now() - begun) / 1_000,
    before,
    peak: peak.rss,
    most: process.resourceUsage().maxRSS * 1024,
  });
  await backend.close();
}

interface Saved {
  readonly seconds: number;
  readonly before: number;
  readonly peak: number;
  readonly most: number;
}

function again(...args: string[]): ChildProcess {
  return spawn(process.execPath, [process.argv[1]!, ...args], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

async function ours(port: number, dir: string): Promise<Saved> {
  const child = again('save', String(port), dir);
  const [saved] = (await once(child, 'message')) as [Saved];
  await once(child, 'exit');
  return saved;
}

/** curl says itself how long it took; the kernel says what it held. `sync` because ours does not return before the disk has it. */
function curls(port: number, dir: string): { seconds: number; most: number } {
  const script = `set -e; b=$(date +%s%N); curl -s -o ${dir}/curl.mp4 http://127.0.0.1:${port}/v1/videos/v/content; sync ${dir}/curl.mp4; e=$(date +%s%N); echo $(( (e - b) / 1000000 ))`;
  const milliseconds = Number(execFileSync('sh', ['-c', script], { encoding: 'utf8' }));
  const meter = `import resource,subprocess,sys;subprocess.run(sys.argv[1:]);print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)`;
  const url = `http://127.0.0.1:${port}/v1/videos/v/content`;
  const most = Number(
    execFileSync('python3', ['-c', meter, 'curl', '-s', '-o', '/dev/null', url], { encoding: 'utf8' }),
  );
  return { seconds: milliseconds / 1_000, most: most * 1024 };
}

const [role, ...args] = process.argv.slice(2);
if (role === 'serve') await serve(Number(args[0]));
else if (role === 'save') await save(Number(args[0]), args[1]!);
else await main();

async function main(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'sora-bench-download-'));
  try {
    const large = await measure(GIB, dir);
    const small = await measure(GIB / 4, dir);
    const rate = (bytes: number, seconds: number) => bytes / seconds / 1e6;
    const mine = median(large.map(({ us }) => us.seconds));
    const theirs = median(large.map(({ curl }) => curl.seconds));
    report({
      name: 'seconds to save 1 GiB, checked and on the disk',
      value: mine,
      unit: 's',
      goal: 1.5,
      baseline: { name: '`curl -o`, then `sync`', value: theirs },
    });
    process.stderr.write(`that is ${rate(GIB, mine).toFixed(0)} MB/s, against ${rate(GIB, theirs).toFixed(0)} MB/s\n`);
    report({
      name: 'memory that saving 1 GiB takes, at its peak',
      value: median(large.map(({ us }) => us.peak - us.before)) / 1e6,
      unit: 'MB',
      goal: 1.25,
      baseline: { name: 'saving 256 MiB', value: median(small.map(({ us }) => us.peak - us.before)) / 1e6 },
    });
    report({
      name: 'most memory the process ever held, 1 GiB',
      value: median(large.map(({ us }) => us.most)) / 1e6,
      unit: 'MB',
      baseline: { name: 'curl', value: median(large.map(({ curl }) => curl.most)) / 1e6 },
    });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function measure(bytes: number, dir: string): Promise<{ us: Saved; curl: { seconds: number; most: number } }[]> {
  const server = again('serve', String(bytes));
  try {
    const [port] = (await once(server, 'message')) as [number];
    const rounds: { us: Saved; curl: { seconds: number; most: number } }[] = [];
    for (let run = 0; run < RUNS; run++) {
      const curl = curls(port, dir);
      const us = await ours(port, dir);
      for (const name of ['ours.mp4', 'curl.mp4']) {
        if (statSync(join(dir, name)).size !== bytes) throw new Error(`${name} is not whole`);
        rmSync(join(dir, name));
      }
      rounds.push({ us, curl });
    }
    return rounds;
  } finally {
    server.kill();
  }
}

/**
 * From spawn to the first answers, and what is resident then: beside `node -e 0` and the bare server.
 * `node test/bench/run.mjs start [rounds]`, by default 20. All are taken in turns, so that what else the machine does falls on all.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seedStore } from '../helpers/seed-store.ts';
import { bareStart, Driven } from './drive.ts';
import { median, report } from './figures.ts';

const MAIN = join(process.cwd(), 'dist/main.js');
const BARE = process.env.BENCH_BARE ?? '';
const rounds = Number(process.argv[2] ?? 20);
const dir = mkdtempSync(join(tmpdir(), 'sora-bench-start-'));

interface Started {
  readonly hello: number;
  readonly tools: number;
  readonly resident: number;
  readonly residentLater: number;
}

const LATER_MS = 1_500;

async function start(args: readonly string[], dataDir: string, wait = false): Promise<Started> {
  const server = new Driven(args, { SORA_DATA_DIR: dataDir });
  const hello = await server.hello();
  await server.ask('tools/list');
  const tools = performance.now() - server.startedAt;
  const resident = server.residentMegabytes();
  if (wait) await new Promise((resolve) => setTimeout(resolve, LATER_MS));
  const residentLater = server.residentMegabytes();
  await server.end();
  return { hello, tools, resident, residentLater };
}

/** A copy of what is installed without the kept code, in a folder where none can be kept. */
function withoutKeptCode(): string {
  const copy = join(dir, 'no-code');
  cpSync(join(process.cwd(), 'dist'), copy, { recursive: true });
  for (const name of readdirSync(copy)) if (name.endsWith('.code')) rmSync(join(copy, name));
  const real = join(process.cwd(), 'node_modules');
  cpSync(join(real, 'better-sqlite3'), join(dir, 'node_modules/better-sqlite3'), { recursive: true });
  return join(copy, 'main.js');
}

try {
  const cold = withoutKeptCode();
  const dropCode = () => {
    for (const name of readdirSync(join(dir, 'no-code')))
      if (name.endsWith('.code')) rmSync(join(dir, 'no-code', name));
  };
  const used = join(dir, 'used');
  seedStore(used, { characters: 100, tasks: 100 });
  const big = join(dir, 'big');
  seedStore(big, { characters: 100, tasks: 100 });
  mkdirSync(join(big, 'videos'), { recursive: true });
  writeFileSync(join(big, 'videos', 'large.mp4'), '');
  truncateSync(join(big, 'videos', 'large.mp4'), 2 * 1024 ** 3);
  // Not even root can make a folder below a file.
  const sealed = join(dir, 'file', 'below');
  writeFileSync(join(dir, 'file'), '');

  const times = {
    node: [] as number[],
    bare: [] as Started[],
    ours: [] as Started[],
    cold: [] as Started[],
    fresh: [] as Started[],
    big: [] as Started[],
    sealed: [] as Started[],
  };
  await bareStart();
  for (let round = 0; round < rounds; round++) {
    times.node.push(await bareStart());
    times.bare.push(await start([BARE], used, round < 5));
    times.node.push(await bareStart());
    times.ours.push(await start([MAIN], used, round < 5));
    times.fresh.push(await start([MAIN], join(dir, `fresh-${round}`)));
    times.big.push(await start([MAIN], big));
    times.sealed.push(await start([MAIN], join(sealed, 'below')));
    dropCode();
    times.cold.push(await start([cold], used));
  }

  const of = (all: readonly Started[], field: keyof Started) => median(all.map((each) => each[field]));
  const node = { name: '`node -e 0`', value: median(times.node) };
  const bare = (field: keyof Started) => ({ name: 'the bare server', value: of(times.bare, field) });
  const hello = 'spawn to `initialize` answered';
  report({ name: `${hello}, the bare server`, value: of(times.bare, 'hello'), unit: 'ms', baseline: node });
  report({ name: hello, value: of(times.ours, 'hello'), unit: 'ms', baseline: node, goal: 2 });
  report({ name: hello, value: of(times.ours, 'hello'), unit: 'ms', baseline: bare('hello'), goal: 0.9 });
  report({
    name: 'spawn to `tools/list` answered',
    value: of(times.ours, 'tools'),
    unit: 'ms',
    baseline: bare('tools'),
  });
  report({ name: `${hello}, no kept code`, value: of(times.cold, 'hello'), unit: 'ms', baseline: bare('hello') });
  const same = { name: 'a used data directory', value: of(times.ours, 'hello') };
  report({ name: `${hello}, no data directory`, value: of(times.fresh, 'hello'), unit: 'ms', baseline: same });
  report({ name: `${hello}, 2 GB of videos in it`, value: of(times.big, 'hello'), unit: 'ms', baseline: same });
  report({ name: `${hello}, it cannot be written`, value: of(times.sealed, 'hello'), unit: 'ms', baseline: same });
  const memory = 'resident after `tools/list`';
  report({ name: memory, value: of(times.ours, 'resident'), unit: 'MB', baseline: bare('resident'), goal: 1.15 });
  const waited = {
    ours: median(times.ours.slice(0, 5).map((each) => each.residentLater)),
    bare: median(times.bare.slice(0, 5).map((each) => each.residentLater)),
  };
  report({
    name: `resident ${LATER_MS / 1_000} s later, with the store and the sandbox open`,
    value: waited.ours,
    unit: 'MB',
    baseline: { name: 'the bare server', value: waited.bare },
  });
} finally {
  rmSync(dir, { recursive: true, force: true });
}

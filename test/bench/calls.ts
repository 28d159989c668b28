/**
 * Calls over stdio: a finished task beside the bare server's trivial tool, and the catalog and the tasks when there are many.
 * `node test/bench/run.mjs calls [many] [calls]`, by default 1,000,000 rows and 400 calls of a kind.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { finishedTask, seedStore } from '../helpers/seed-store.ts';
import { KINDS } from './call-kinds.ts';
import { Driven } from './drive.ts';
import { median, report } from './figures.ts';

const FEW = 100;
const many = Number(process.argv[2] ?? 1_000_000);
const calls = Number(process.argv[3] ?? 400);
const WARM = 100;
const MAIN = process.env.BENCH_MAIN ?? join(process.cwd(), 'dist/main.js');
const dir = mkdtempSync(join(tmpdir(), 'sora-bench-calls-'));

type Call = () => Promise<unknown>;

/** Medians in milliseconds, taken in turns. `between` is done before each call, and not measured. */
async function compare(
  ways: Readonly<Record<string, Call>>,
  between: () => void = () => {},
): Promise<Record<string, number>> {
  const times: Record<string, number[]> = {};
  for (const [name, call] of Object.entries(ways)) {
    times[name] = [];
    for (let n = 0; n < WARM; n++) await call();
  }
  for (let n = 0; n < calls; n++) {
    for (const [name, call] of Object.entries(ways)) {
      between();
      const start = performance.now();
      await call();
      times[name]?.push(performance.now() - start);
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, all]) => [name, median(all)]));
}

/** A write to the file by somebody else: what the server recalls of it must be read anew. */
function stirrer(count: number): { stir(): void; close(): void } {
  const database = new Sqlite(join(dir, String(count), 'sora.db'));
  const write = database.prepare('update tasks set updated_at = updated_at where seq = 1');
  return { stir: () => void write.run(), close: () => database.close() };
}

/** Waits for what a server does of itself with a search index that was filled all at once. */
async function tidied(server: Driven): Promise<void> {
  const database = new Sqlite(join(dir, String(many), 'sora.db'), { readonly: true });
  const parts = database.prepare('select count(distinct segid) as count from characters_search_idx');
  await server.call('get_task', {});
  const deadline = performance.now() + 60_000;
  while ((parts.get() as { count: number }).count > 1 && performance.now() < deadline) await sleep(200);
  database.close();
}

async function open(args: readonly string[], count: number): Promise<Driven> {
  const dataDir = join(dir, String(count));
  if (count > 0) seedStore(dataDir, { characters: count, tasks: count });
  // Backends by name and no sandbox: nothing here asks an upstream. All that is bound is bound on the reverse one.
  const env = {
    SORA_DATA_DIR: dataDir,
    SORA_REVERSE_BASE_URL: 'http://127.0.0.1:9/v1',
    SORA_REVERSE_API_KEY: 'none',
    SORA_FORWARDING_BASE_URL: 'http://127.0.0.1:9/v1',
    SORA_FORWARDING_API_KEY: 'none',
  };
  const server = new Driven(args, env);
  await server.hello();
  return server;
}

const servers: Driven[] = [];
try {
  const bare = await open([process.env.BENCH_BARE ?? ''], 0);
  const few = await open([MAIN], FEW);
  const lots = await open([MAIN], many);
  servers.push(bare, few, lots);
  await tidied(lots);

  const id = finishedTask(51, 'local', 0).id;
  const task = await compare({
    ours: () => few.call('get_task', { task_id: id }),
    bare: () => bare.call('get_task', { task_id: 'task_1' }),
  });
  const fewStirred = stirrer(FEW);
  const lotsStirred = stirrer(many);
  const anew = await compare(
    {
      ours: () => few.call('get_task', { task_id: id }),
      bare: () => bare.call('get_task', { task_id: 'task_1' }),
    },
    fewStirred.stir,
  );
  for (const [what, { ours, bare }, goal] of [
    ['asked again', task, 1.3],
    ['read anew', anew, undefined],
  ] as const) {
    report({
      name: `\`get_task\` of a finished task, ${what}, p50`,
      value: ours ?? Number.NaN,
      unit: 'ms',
      baseline: { name: 'the bare server’s trivial tool', value: bare ?? Number.NaN },
      ...(goal && { goal }),
    });
  }

  for (const { name, ask, goal } of KINDS) {
    const { at, base } = await compare({ base: () => ask(few), at: () => ask(lots) }, () => {
      fewStirred.stir();
      lotsStirred.stir();
    });
    report({
      name: `${name}, p50 at ${many.toLocaleString('en')}`,
      value: at ?? Number.NaN,
      unit: 'ms',
      baseline: { name: `at ${FEW}`, value: base ?? Number.NaN },
      goal,
    });
  }
  fewStirred.close();
  lotsStirred.close();
} finally {
  for (const server of servers) await server.end();
  rmSync(dir, { recursive: true, force: true });
}

/**
 * The server's processor time for a task from `generate_video` to its saved file, with few and with many in flight. The upstream is
 * the sandbox, in the bench's own process, so that making the clips is not measured; its jobs last long enough to be in flight together.
 * `node test/bench/run.mjs in-flight [many]`, by default 1,000.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { Driven } from './drive.ts';
import { report } from './figures.ts';

const FEW = 10;
const many = Number(process.argv[2] ?? 1_000);
const MAIN = join(process.cwd(), 'dist/main.js');
const dir = mkdtempSync(join(tmpdir(), 'sora-bench-in-flight-'));
const LOOK_MS = 500;
/** What a run of FEW tasks takes is a few clock ticks. */
const FEW_RUNS = 2;
const JOB_MS = 30_000;
const AT_ONCE = 20;

interface Run {
  readonly cpuMs: number;
  readonly inFlight: number;
}

async function run(server: Driven, database: Sqlite.Database, count: number): Promise<Run> {
  const before = server.cpuSeconds();
  const make = (n: number) => server.call('generate_video', { prompt: `a paper boat, take ${n}`, duration: 4 });
  for (let n = 0; n < count; n += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - n) }, (_, each) => make(n + each)));
  }
  const inFlight = unfinished(database);
  while (unfinished(database) > 0) await sleep(LOOK_MS);
  return { cpuMs: ((server.cpuSeconds() - before) * 1_000) / count, inFlight };
}

/** Asked of the file, so that asking costs the server nothing. */
function unfinished(database: Sqlite.Database): number {
  const open = `state not in ('completed', 'failed', 'expired') or (state = 'completed' and save_state = 'pending')`;
  return (database.prepare(`select count(*) as count from tasks where ${open}`).get() as { count: number }).count;
}

async function measure(count: number, runs: number): Promise<Run> {
  const sandbox = await startSandbox({ jobMs: JOB_MS });
  const limits = { min_poll_seconds: 0.4, usual_job_seconds: JOB_MS / 1_000 };
  const backend = { id: 'reverse', route: 'reverse', dialect: 'seed', base_url: sandbox.baseUrl, limits };
  const config = join(dir, `${count}.json`);
  writeFileSync(config, JSON.stringify({ backends: [{ ...backend, api_key_env: 'BENCH_KEY' }] }));
  const env = { SORA_DATA_DIR: join(dir, String(count)), SORA_CONFIG: config, BENCH_KEY: 'sandbox-key' };
  const server = new Driven([MAIN], env);
  try {
    await server.hello();
    await server.call('get_task');
    const database = new Sqlite(join(dir, String(count), 'sora.db'), { readonly: true });
    await run(server, database, FEW);
    const all: Run[] = [];
    for (let n = 0; n < runs; n++) all.push(await run(server, database, count));
    database.close();
    return {
      cpuMs: all.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / runs,
      inFlight: Math.max(...all.map(({ inFlight }) => inFlight)),
    };
  } finally {
    await server.end();
    await sandbox.close();
  }
}

try {
  const few = await measure(FEW, FEW_RUNS);
  const lots = await measure(many, 1);
  report({
    name: `processor time for a task to completion, ${lots.inFlight} in flight`,
    value: lots.cpuMs,
    unit: 'ms',
    baseline: { name: `${few.inFlight} in flight`, value: few.cpuMs },
    goal: 1.2,
  });
} finally {
  rmSync(dir, { recursive: true, force: true });
}

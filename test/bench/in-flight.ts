/**
 * The server's processor time for a task from `generate_video` to its saved file, with few and with many in flight. The upstream is
 * the sandbox, in the bench's own process, so that making the clips is not measured; its jobs last long enough to be in flight together.
 * `node test/bench/run.mjs in-flight [many]`, by default 1,000.
 */
import { mkdtempSync, rmSync } from 'node:fs';
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
/** What a run of FEW tasks takes is a few clock ticks, so it is done so often in one server. */
const FEW_RUNS = 10;

interface Run {
  readonly cpuMs: number;
  readonly inFlight: number;
}

async function run(server: Driven, database: Sqlite.Database, count: number): Promise<Run> {
  const before = server.cpuSeconds();
  const ids: string[] = [];
  for (let n = 0; n < count; n++) {
    const { task_id } = await server.call('generate_video', { prompt: `a paper boat, take ${n}`, duration: 4 });
    ids.push(String(task_id));
  }
  const inFlight = unfinished(database);
  while (unfinished(database) > 0) await sleep(LOOK_MS);
  return { cpuMs: ((server.cpuSeconds() - before) * 1_000) / count, inFlight };
}

/** Asked of the file, so that asking costs the server nothing. */
function unfinished(database: Sqlite.Database): number {
  const open = `state not in ('completed', 'failed', 'expired') or (state = 'completed' and save_state = 'wanted')`;
  return (database.prepare(`select count(*) as count from tasks where ${open}`).get() as { count: number }).count;
}

async function measure(count: number, runs: number, jobMs: number): Promise<Run> {
  const sandbox = await startSandbox({ jobMs });
  const server = new Driven([MAIN], {
    SORA_DATA_DIR: join(dir, String(count)),
    SORA_REVERSE_BASE_URL: sandbox.baseUrl,
    SORA_REVERSE_API_KEY: 'sandbox-key',
  });
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
  const few = await measure(FEW, FEW_RUNS, 4_000);
  const lots = await measure(many, 1, 20_000);
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

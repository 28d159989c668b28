/**
 * From the end of stdin to the end of the process: how long a server outlives its client.
 * `node test/bench/run.mjs stop [rounds]`, by default 5.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { Driven } from './drive.ts';
import { median, report } from './figures.ts';

const MAIN = join(process.cwd(), 'dist/main.js');
const rounds = Number(process.argv[2] ?? 5);
const dir = mkdtempSync(join(tmpdir(), 'sora-bench-stop-'));
const HANGS = 60_000;

/** Brings a server to where its client leaves it. */
type Scene = (server: Driven, sandbox: Sandbox) => Promise<void>;

const seen = async (sandbox: Sandbox, operation: string) => {
  while (!sandbox.requests().some((request) => request.operation === operation)) await sleep(20);
};
const make = (server: Driven) => server.call('generate_video', { prompt: 'a paper boat', duration: 4 });

const SCENES: Readonly<Record<string, Scene>> = {
  'nothing under way': async (server) => void (await server.call('get_task')),
  'a download under way': async (server, sandbox) => {
    sandbox.fault({ on: 'link', kind: 'slow-body', delayMs: HANGS });
    await make(server);
    await seen(sandbox, 'link');
  },
  'a call that waits for a task': async (server, sandbox) => {
    sandbox.fault({ on: 'get', kind: 'hang', times: Number.POSITIVE_INFINITY });
    const { task_id } = await make(server);
    server.call('get_task', { task_id, wait_seconds: 45 }).catch(() => {});
    await seen(sandbox, 'get');
  },
  'a create whose answer does not come': async (server, sandbox) => {
    sandbox.fault({ on: 'create', kind: 'hang-after' });
    make(server).catch(() => {});
    await seen(sandbox, 'create');
  },
};

async function leaving(server: Driven): Promise<number> {
  const gone = new Promise((resolve) => server.child.once('close', resolve));
  const begun = performance.now();
  server.child.stdin.end();
  await gone;
  return performance.now() - begun;
}

async function measure(scene: Scene, name: string): Promise<number> {
  const sandbox = await startSandbox({ jobMs: 500 });
  const config = join(dir, `${name}.json`);
  const limits = { min_poll_seconds: 0.2, usual_job_seconds: 0.5 };
  const backend = { id: 'reverse', route: 'reverse', dialect: 'seed', base_url: sandbox.baseUrl, limits };
  writeFileSync(config, JSON.stringify({ backends: [{ ...backend, api_key_env: 'BENCH_KEY' }] }));
  const env = { SORA_DATA_DIR: join(dir, name), SORA_CONFIG: config, BENCH_KEY: 'sandbox-key' };
  const server = new Driven([MAIN], env);
  try {
    await server.hello();
    await scene(server, sandbox);
    return await leaving(server);
  } finally {
    server.child.kill('SIGKILL');
    await sandbox.close();
  }
}

async function bareStop(): Promise<number> {
  const server = new Driven([process.env.BENCH_BARE ?? '']);
  await server.hello();
  return await leaving(server);
}

try {
  const times: Record<string, number[]> = { bare: [] };
  for (let round = 0; round < rounds; round++) {
    times.bare?.push(await bareStop());
    for (const [name, scene] of Object.entries(SCENES)) {
      times[name] = [...(times[name] ?? []), await measure(scene, `${name} ${round}`)];
    }
  }
  const baseline = { name: 'the bare server', value: median(times.bare ?? []) };
  for (const name of Object.keys(SCENES)) {
    report({ name: `stdin ended to process gone, ${name}`, value: median(times[name] ?? []), unit: 'ms', baseline });
  }
} finally {
  rmSync(dir, { recursive: true, force: true });
}

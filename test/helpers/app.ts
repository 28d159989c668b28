import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type App, openApp } from '../../src/app.ts';
import { type BackendConfig, type Budget, type Config, loadConfig } from '../../src/config.ts';
import { SoraError } from '../../src/domain/errors.ts';
import { fromUsd } from '../../src/domain/money.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { Task } from '../../src/domain/task.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/sandbox.ts';
import type { Services, TaskReport } from '../../src/services/services.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { eventually } from './crash.ts';

export { eventually } from './crash.ts';

export interface AppOptions {
  /** Default: a new sandbox. */
  readonly sandbox?: Sandbox | undefined;
  readonly sandboxOptions?: SandboxOptions | undefined;
  /** Default: a new folder. */
  readonly dataDir?: string | undefined;
  /** Default: one of each route at the sandbox. */
  readonly backends?: readonly BackendConfig[] | undefined;
  /** Laid over each of those. */
  readonly backend?: Partial<BackendConfig> | undefined;
  readonly budget?: Budget | undefined;
  readonly clock?: (() => number) | undefined;
  readonly uptime?: (() => number) | undefined;
  readonly leaseMs?: number | undefined;
  /** Hosts inside the network that are fetched from all the same. */
  readonly fetchHosts?: readonly string[] | undefined;
  readonly reached?: ((step: string) => void) | undefined;
  /** Whether tasks are followed. Default true. */
  readonly track?: boolean | undefined;
}

/** The real app in this process, against a sandbox. Closed with the test. */
export interface TestApp {
  readonly app: App;
  readonly services: Services;
  readonly sandbox: Sandbox;
  readonly dataDir: string;
  readonly logged: string[];
  /** A second connection to the store. */
  readonly store: Store;
  count(operation: string): number;
  task(id: string): Task;
  /** Waits until the task is in a state, and its file saved where that is `completed`. */
  reaches(id: string, state: Task['state']): Promise<Task>;
  make(prompt: string, more?: object): Promise<TaskReport>;
  close(): Promise<void>;
}

export function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'sora-app-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  return dir;
}

export async function aSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await startSandbox({ jobMs: 200, idempotency: false, ...options });
  onTestFinished(() => sandbox.close());
  return sandbox;
}

export function aBackend(
  route: 'forwarding' | 'reverse',
  baseUrl: string,
  more: Partial<BackendConfig> = {},
): BackendConfig {
  return {
    id: route,
    route,
    dialect: route === 'forwarding' ? 'openai' : 'seed',
    baseUrl,
    apiKey: new Secret('sk-app-key'),
    weight: 1,
    from: 'test',
    ...more,
    limits: { minPollMs: 50, usualJobMs: 400, createsPerMinute: undefined, ...more.limits },
  };
}

export function usd(amounts: { readonly [name in keyof Budget]?: number }): Budget {
  return Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, fromUsd(amount)]));
}

export async function startApp(options: AppOptions = {}): Promise<TestApp> {
  const sandbox = options.sandbox ?? (await aSandbox(options.sandboxOptions));
  const dataDir = options.dataDir ?? tempDir();
  const logged: string[] = [];
  const clock = options.clock ?? Date.now;
  const both = (['forwarding', 'reverse'] as const).map((route) => aBackend(route, sandbox.baseUrl, options.backend));
  const config: Config = {
    ...(await plainConfig(dataDir, sandbox.baseUrl)),
    backends: options.backends ?? both,
    budget: options.budget ?? {},
    inputDirs: [dataDir],
    fetchHosts: options.fetchHosts ?? [],
    project: 'test',
  };
  const app = await openApp(config, {
    clock,
    log: (line) => void logged.push(line),
    uptime: options.uptime,
    leaseMs: options.leaseMs,
    reached: options.reached,
  });
  const store = openStore({ dataDir, clock });
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= app.close().finally(() => store.close());
    return closing;
  };
  onTestFinished(close);
  if (options.track !== false) app.track();
  const services = app.services('local');
  const task = (id: string) => store.tasks.byId(id)!;
  return {
    app,
    services,
    sandbox,
    dataDir,
    logged,
    store,
    task,
    close,
    count: (operation) => sandbox.requests().filter((request) => request.operation === operation).length,
    make: (prompt, more = {}) => services.videos.generate({ prompt, ...more }),
    reaches: (id, state) =>
      eventually(() => {
        const now = task(id);
        return now.state === state && (state !== 'completed' || now.saveState === 'saved') && now;
      }),
  };
}

async function plainConfig(dataDir: string, baseUrl: string): Promise<Config> {
  const loaded = await loadConfig({
    argv: [],
    env: { SORA_DATA_DIR: dataDir, SORA_BASE_URL: baseUrl },
    platform: process.platform,
    home: dataDir,
    cwd: dataDir,
    now: Date.now(),
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.config;
}

/** The error that it ends with. */
export async function failure(work: Promise<unknown>): Promise<SoraError> {
  const error = await work.then(
    () => new Error('it went well'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof SoraError) return error;
  throw error;
}

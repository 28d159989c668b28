import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import type { BackendLimits } from '../../src/domain/models.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/sandbox.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { type AppProcess, startProcess } from './app-process.ts';

/** What a server under test is to do besides serving. */
export interface CrashSpec {
  /** Dies by SIGKILL when it reaches this step for the `killNth` time (default 1). */
  readonly killAt?: string | undefined;
  readonly killNth?: number | undefined;
  /** Each step is written here as it is reached. */
  readonly stepsFile?: string | undefined;
  /** Stands still at this step until `Steps.go`. */
  readonly holdAt?: string | undefined;
  /** How long a dead process keeps its tasks. Default 400 ms. */
  readonly leaseMs?: number | undefined;
  /** Its clock minus ours. */
  readonly clockOffsetMs?: number | undefined;
  /** How fast its uptime goes. Default 1. */
  readonly uptimeSpeed?: number | undefined;
  readonly limits?: Partial<BackendLimits> | undefined;
}

const ENTRY = join(import.meta.dirname, 'crash-entry.ts');

/** Bundles the server once for a test file, below the repository so that it finds better-sqlite3. */
export async function bundleServer(): Promise<{ readonly file: string; remove(): void }> {
  const cache = join(import.meta.dirname, '../../node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const outdir = mkdtempSync(join(cache, 'sora-crash-'));
  const file = join(outdir, 'crash-entry.mjs');
  await build({
    entryPoints: [ENTRY],
    outfile: file,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['better-sqlite3'],
    banner: {
      js: 'import { createRequire as __cr } from "node:module"; const require = __cr(import.meta.url);',
    },
    logLevel: 'error',
  });
  return {
    file,
    remove: () => rmSync(outdir, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** An upstream in this process and a data directory for servers in others. */
export interface Scene {
  readonly sandbox: Sandbox;
  readonly dataDir: string;
  /** The requests that the upstream received of one operation. */
  count(operation: string): number;
  start(spec?: CrashSpec, env?: Readonly<Record<string, string>>): Promise<AppProcess>;
  /** A look into the store, beside the servers. */
  look<T>(use: (store: Store) => T): T;
  /** Names of everything in the videos folder. */
  files(): string[];
  close(): Promise<void>;
}

/** The one key of the sandbox's that a test need not hide. */
export const KEY = 'sk-crash-key';

export async function openScene(file: string, options: SandboxOptions = {}): Promise<Scene> {
  const sandbox = await startSandbox({ jobMs: 300, ...options });
  const dataDir = mkdtempSync(join(tmpdir(), 'sora-crash-'));
  const children: AppProcess[] = [];
  return {
    sandbox,
    dataDir,
    count: (operation) => sandbox.requests().filter((request) => request.operation === operation).length,
    async start(spec = {}, env = {}) {
      const child = await startProcess(file, {
        HOME: dataDir,
        SORA_DATA_DIR: dataDir,
        SORA_BASE_URL: sandbox.baseUrl,
        SORA_API_KEY: KEY,
        CRASH_SPEC: JSON.stringify(spec),
        ...env,
      });
      children.push(child);
      return child;
    },
    look(use) {
      const store = openStore({ dataDir, clock: Date.now });
      try {
        return use(store);
      } finally {
        store.close();
      }
    },
    files: () => readdirSync(join(dataDir, 'videos')),
    async close() {
      await Promise.all(children.map((child) => child.kill()));
      await sandbox.close();
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** The steps of one server of a scene. */
export interface Steps {
  /** For its `CrashSpec`. */
  readonly stepsFile: string;
  reached(step: string): boolean;
  /** Lets it go on from where it was held. */
  go(): void;
}

export function watchSteps({ dataDir }: Scene): Steps {
  const stepsFile = join(dataDir, 'steps');
  return {
    stepsFile,
    reached: (step) => existsSync(stepsFile) && readFileSync(stepsFile, 'utf8').split('\n').includes(step),
    go: () => writeFileSync(`${stepsFile}.go`, ''),
  };
}

/** Milliseconds. A job that a busy machine was late with counts as stuck, and is looked at after 45 s only. */
const PATIENCE_MS = 120_000;

/** Waits until the look shows something. */
export async function eventually<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  ms = PATIENCE_MS,
): Promise<T> {
  const deadline = Date.now() + ms;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (Date.now() > deadline) throw new Error(`it did not come about: ${look.toString().slice(0, 200)}`);
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}

/** For a test file: opens scenes that share one bundle; each ends with its test, the bundle with the file. */
export function scenesOfOneBundle(): (options?: Parameters<typeof openScene>[1]) => Promise<Scene> {
  let bundle: Awaited<ReturnType<typeof bundleServer>>;
  beforeAll(async () => {
    bundle = await bundleServer();
  });
  afterAll(() => bundle.remove());
  return async (options = {}) => {
    const scene = await openScene(bundle.file, { idempotency: false, ...options });
    onTestFinished(() => scene.close());
    return scene;
  };
}

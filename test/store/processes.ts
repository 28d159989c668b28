import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/** Bundles the worker below the repository, so that it finds better-sqlite3. Call it once a test file. */
export async function bundleWorker(): Promise<{ readonly file: string; remove(): void }> {
  const cache = join(import.meta.dirname, '../../node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const dir = mkdtempSync(join(cache, 'sora-store-'));
  const file = join(dir, 'worker.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'worker.ts')],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['better-sqlite3'],
    logLevel: 'error',
  });
  return { file, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

export interface Worker {
  readonly child: ChildProcess;
  /** Its next message. */
  next(): Promise<unknown>;
}

export function startWorker(file: string, ...args: string[]): Worker {
  const child = fork(file, args, { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const messages: unknown[] = [];
  let wake = () => {};
  child.on('message', (message) => {
    messages.push(message);
    wake();
  });
  child.on('exit', () => wake());
  return {
    child,
    async next() {
      while (messages.length === 0) {
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`the worker ended: ${args.join(' ')}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return messages.shift();
    },
  };
}

export async function kill(worker: Worker): Promise<void> {
  const gone = once(worker.child, 'exit');
  worker.child.kill('SIGKILL');
  await gone;
}

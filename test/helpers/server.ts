import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { onTestFinished } from 'vitest';

/** What `npm run build` made, and users start. */
export const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export type Answer = Readonly<Record<string, unknown>>;

/** A spawned server with a real client. */
export interface Connected {
  readonly client: Client;
  readonly stderr: () => string;
  /** The structured answer; a tool error throws. */
  call(name: string, args?: Record<string, unknown>): Promise<Answer>;
  /** The error's facts; an answer that is no error throws. */
  fail(name: string, args?: Record<string, unknown>): Promise<Answer>;
  /** Waits until the task is over and its file is there. */
  finish(taskId: string): Promise<Answer>;
  close(): Promise<void>;
}

export function tempDir(): string {
  const path = mkdtempSync(join(tmpdir(), 'sora-mcp-test-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true, maxRetries: 5 }));
  return path;
}

/** The environment of a new user: nothing of ours but what the test gives. */
export function cleanEnv(dataDir: string, env: Record<string, string> = {}): Record<string, string> {
  return { PATH: process.env.PATH ?? '', HOME: dataDir, SORA_DATA_DIR: dataDir, ...env };
}

/** Closed with the test. */
export async function connect(dataDir: string, env: Record<string, string> = {}, main = MAIN): Promise<Connected> {
  const connected = await openServer(dataDir, env, main);
  onTestFinished(() => connected.close());
  return connected;
}

/** For whole files: whoever opens it closes it. */
export async function openServer(dataDir: string, env: Record<string, string> = {}, main = MAIN): Promise<Connected> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [main],
    env: cleanEnv(dataDir, env),
    stderr: 'pipe',
    cwd: dataDir,
  });
  let stderr = '';
  transport.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(transport);
  const connected: Connected = {
    client,
    stderr: () => stderr,
    call: async (name, args = {}) => {
      const result = await client.callTool({ name, arguments: args });
      if (result.isError) throw new Error(JSON.stringify(result.content));
      return result.structuredContent as Answer;
    },
    fail: async (name, args = {}) => {
      const result = await client.callTool({ name, arguments: args });
      if (!result.isError) throw new Error(`no error but ${JSON.stringify(result.structuredContent)}`);
      return (result.structuredContent as { error: Answer }).error;
    },
    finish: async (taskId) => {
      for (let turn = 0; turn < 20; turn++) {
        const task = await connected.call('get_task', { task_id: taskId, wait_seconds: 20 });
        if (task.next_poll_seconds === undefined) return task;
      }
      throw new Error(`${taskId} does not end`);
    },
    close: () => client.close(),
  };
  return connected;
}

/** Runs a command of the program to its end. */
export function run(args: readonly string[], env: Record<string, string> = {}, input = '') {
  const dir = tempDir();
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    env: cleanEnv(dir, env),
    cwd: dir,
    input,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export type Facts = Readonly<Record<string, unknown>>;

/** A tool's answer, or its error. */
export interface Told {
  readonly ok: boolean;
  readonly data: Facts;
  readonly error: Facts;
}

/** A server on the other end of two pipes, spoken to in plain JSON-RPC; every byte of it is kept. */
export interface AppProcess {
  readonly child: ChildProcess;
  readonly stdout: () => Buffer;
  readonly stderr: () => string;
  /** Rejects when the process is gone before it answered. */
  call(tool: string, args?: Facts): Promise<Told>;
  /** Resolves with the signal or the exit code. */
  readonly ended: Promise<string | number | null>;
  /** Closes stdin, as a client that leaves does. */
  leave(): Promise<void>;
  kill(): Promise<void>;
}

export async function startProcess(file: string, env: Readonly<Record<string, string>>): Promise<AppProcess> {
  const child = spawn(process.execPath, [file], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const out: Buffer[] = [];
  let err = '';
  let rest = '';
  let nextId = 1;
  const waiting = new Map<number, { resolve: (message: Facts) => void; reject: (error: Error) => void }>();
  child.stdin.on('error', () => {});
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  child.stdout.on('data', (chunk: Buffer) => {
    out.push(chunk);
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const message = JSON.parse(line) as Facts;
      const known = waiting.get(message.id as number);
      waiting.delete(message.id as number);
      known?.resolve(message);
    }
  });
  const ended = once(child, 'close').then(([code, signal]) => {
    for (const { reject } of waiting.values()) reject(new Error(`the server is gone: ${signal ?? code}\n${err}`));
    waiting.clear();
    return signal ?? code;
  });
  const ask = (method: string, params: Facts): Promise<Facts> =>
    new Promise((resolve, reject) => {
      const id = nextId++;
      if (child.exitCode !== null || child.signalCode !== null) return reject(new Error(`the server is gone\n${err}`));
      waiting.set(id, { resolve, reject });
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    });
  await ask('initialize', {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'test', version: '1' },
  });
  child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`);
  return {
    child,
    ended,
    stdout: () => Buffer.concat(out),
    stderr: () => err,
    async call(tool, args = {}) {
      const { result, error } = await ask('tools/call', { name: tool, arguments: args });
      if (error) throw new Error(JSON.stringify(error));
      const { isError, structuredContent = {} } = result as { isError?: boolean; structuredContent?: Facts };
      return { ok: isError !== true, data: structuredContent, error: (structuredContent.error ?? {}) as Facts };
    },
    async leave() {
      child.stdin.end();
      await ended;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

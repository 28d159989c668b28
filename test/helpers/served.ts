import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { onTestFinished } from 'vitest';
import { cleanEnv, MAIN } from './server.ts';

/** A spawned HTTP server; killed with the test. */
export interface Served {
  readonly child: ChildProcess;
  readonly url: string;
  readonly stderr: () => string;
  readonly ended: Promise<number | null>;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as { port: number };
  await new Promise((closed) => server.close(closed));
  return port;
}

/** Resolves once it listens. */
export async function serve(dir: string, env: Record<string, string> = {}, flags: string[] = []): Promise<Served> {
  const port = await freePort();
  const child = spawn(process.execPath, [MAIN, 'http', '--port', String(port), ...flags], {
    env: cleanEnv(dir, env),
    cwd: dir,
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  await new Promise<void>((ready, failed) => {
    child.stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('listening on')) ready();
    });
    child.once('exit', () => failed(new Error(text)));
  });
  return { child, url: `http://127.0.0.1:${port}`, stderr: () => text, ended };
}

export async function connectTo(url: string, token: string): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  const headers = { authorization: `Bearer ${token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit: { headers } }));
  onTestFinished(() => client.close());
  return client;
}

import { type ChildProcess, spawn } from 'node:child_process';
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

/** Resolves once it listens. */
export async function serve(dir: string, env: Record<string, string> = {}, flags: string[] = []): Promise<Served> {
  // Its own choice: a port that is free now may be another's by the time it has started.
  const child = spawn(process.execPath, [MAIN, 'http', '--port', '0', ...flags], { env: cleanEnv(dir, env), cwd: dir });
  let text = '';
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const url = await new Promise<string>((ready, failed) => {
    child.stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const named = /listening on (http:\/\/\S+:\d+)[ ,]/.exec(text)?.[1];
      if (named !== undefined) ready(named);
    });
    child.once('exit', () => failed(new Error(text)));
  });
  return { child, url, stderr: () => text, ended };
}

export async function connectTo(url: string, token: string): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  const headers = { authorization: `Bearer ${token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit: { headers } }));
  onTestFinished(() => client.close());
  return client;
}

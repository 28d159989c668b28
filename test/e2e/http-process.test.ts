import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as listenOn } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { PROMPTLY_MS, until } from '../helpers/promptly.ts';
import { connectTo, serve } from '../helpers/served.ts';
import { cleanEnv, MAIN, run, tempDir } from '../helpers/server.ts';

const TOKEN = 'remote-token-0123456789';

function linesOf(stderr: string): Record<string, unknown>[] {
  return stderr
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

const json = ['--log-format', 'json'];
const aTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT/);

test('with --log-format json every line is one object: start, token, requests', async () => {
  const served = await serve(tempDir(), {}, json);
  await until(() => served.stderr().includes('"token"'));
  const token = linesOf(served.stderr()).find(({ kind }) => kind === 'token');
  expect(token).toMatchObject({ time: aTime, message: expect.any(String), vscode: expect.any(String) });
  const client = await connectTo(served.url, String(token?.token));
  await client.callTool({ name: 'list_characters', arguments: {} });
  await until(() => served.stderr().includes('list_characters'));
  served.child.kill('SIGTERM');
  expect(await served.ended).toBe(0);
  const lines = linesOf(served.stderr());
  expect(lines[0]).toMatchObject({ kind: 'log', message: expect.stringContaining('listening on') });
  expect(lines).toContainEqual(expect.objectContaining({ kind: 'http', tool: 'list_characters', status: 200 }));
  for (const line of lines) expect(line).toMatchObject({ time: aTime, kind: expect.any(String) });
});

test.each<[what: string, args: string[], env: Record<string, string>, said: string]>([
  ['a wrong argument', ['http', '--prot', '1'], {}, '--prot'],
  ['a wrong value', ['http'], { SORA_BUDGET_USD_DAY: 'much' }, 'SORA_BUDGET_USD_DAY'],
  ['a note, over stdio', [], { SORA_HTTP_TOKENS: 'x' }, 'did you mean'],
])('so is %s', (_what, args, env, said) => {
  const { stderr } = run([...args, ...json], env);
  const lines = linesOf(stderr);
  expect(lines.length).toBeGreaterThan(0);
  expect(JSON.stringify(lines)).toContain(said);
});

test('a token whose first start could not listen is shown at the first that can', async () => {
  const dir = tempDir();
  const busy = listenOn();
  await new Promise<void>((listening) => busy.listen(0, '127.0.0.1', listening));
  onTestFinished(() => void busy.close());
  const { port } = busy.address() as AddressInfo;
  const env = cleanEnv(dir);
  const failed = spawnSync(process.execPath, [MAIN, 'http', '--port', String(port), ...json], {
    env,
    encoding: 'utf8',
  });
  expect(failed.status).toBe(1);
  expect(JSON.stringify(linesOf(failed.stderr))).toContain('in use');
  const served = await serve(dir);
  await until(() => /"Authorization": "Bearer [\w-]{43}"/.test(served.stderr()));
});

test.each(['proc', 'a file'])('a data directory that cannot be used (%s) ends the start with what to do', (what) => {
  const path = what === 'proc' ? '/proc/nope' : join(tempDir(), 'file');
  if (what !== 'proc') writeFileSync(path, '');
  const { status, stderr } = run(['http', '--port', '0'], { SORA_DATA_DIR: path });
  expect(status).toBe(1);
  expect(stderr).toContain(path);
  expect(stderr).toContain('SORA_DATA_DIR');
  expect(stderr).not.toContain('listening');
});

test('a second signal cuts nothing short: what runs still gets its answer, and the exit code is 0', async () => {
  const asked: ServerResponse[] = [];
  const upstream = createServer((_req, res) => void asked.push(res));
  onTestFinished(() => {
    upstream.closeAllConnections();
    upstream.close();
  });
  await new Promise<void>((listening) => upstream.listen(0, '127.0.0.1', listening));
  const { port } = upstream.address() as AddressInfo;
  const env = { SORA_HTTP_TOKEN: TOKEN, SORA_FORWARDING_BASE_URL: `http://127.0.0.1:${port}/v1` };
  const served = await serve(tempDir(), env);
  const client = await connectTo(served.url, TOKEN);
  const called = client.callTool({ name: 'generate_video', arguments: { prompt: 'a fox', duration: 4 } });
  await until(() => asked.length > 0);
  served.child.kill('SIGINT');
  await expect.poll(() => fetch(served.url).catch(() => 'closed'), { timeout: PROMPTLY_MS }).toBe('closed');
  served.child.kill('SIGINT');
  served.child.kill('SIGTERM');
  const video = { id: 'video_1', object: 'video', status: 'queued', model: 'sora-2', progress: 0, seconds: '4' };
  asked[0]?.setHeader('content-type', 'application/json').end(JSON.stringify({ ...video, created_at: 1 }));
  expect((await called).structuredContent).toMatchObject({ task_id: expect.any(String) });
  expect(await served.ended).toBe(0);
});

test('a server whose log nobody reads any more goes on', async () => {
  const { child, url } = await serve(tempDir());
  child.stderr!.destroy();
  for (let times = 0; times < 3; times++) {
    expect((await fetch(`${url}/mcp`, { method: 'POST' })).status).toBe(401);
  }
  expect(child.exitCode).toBeNull();
});

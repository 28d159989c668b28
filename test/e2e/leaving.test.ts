import { spawn } from 'node:child_process';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { aBackend, aSandbox, startApp } from '../helpers/app.ts';
import { PROMPTLY_MS, until } from '../helpers/promptly.ts';
import { connectTo, serve } from '../helpers/served.ts';
import { cleanEnv, MAIN, tempDir } from '../helpers/server.ts';

interface Message {
  readonly id?: number;
  readonly result?: { readonly structuredContent?: Readonly<Record<string, unknown>> };
}

/** More than this nothing else than a create is given at the end. */
const CUT_OFF_MS = 800;
const TOKEN = 'leaving-token-0123456789';

/** Answers no create unless told to. */
async function openUpstream() {
  const asked: ServerResponse[] = [];
  const server = createServer((_req, res) => void asked.push(res));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const video = { id: 'video_1', object: 'video', status: 'queued', model: 'sora-2', progress: 0, seconds: '4' };
  const answer = () =>
    asked[0]?.setHeader('content-type', 'application/json').end(JSON.stringify({ ...video, created_at: 1 }));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, asked, answer };
}

test('a create that is out is waited for at the end, and its job is kept', async () => {
  const upstream = await openUpstream();
  const { app, make, store } = await startApp({ backends: [aBackend('forwarding', upstream.url)] });
  make('a fox').catch(() => {});
  await until(() => upstream.asked.length > 0);
  const closed = app.close(2 * PROMPTLY_MS);
  await sleep(CUT_OFF_MS + 200);
  upstream.answer();
  await closed;
  expect(store.tasks.latest('local', 9)).toMatchObject([{ state: 'queued', remoteId: 'video_1' }]);
});

test('a download is not', async () => {
  const steps: string[] = [];
  const { app, sandbox, make, store } = await startApp({ reached: (step) => void steps.push(step) });
  sandbox.fault({ on: 'content', kind: 'slow-body', delayMs: 600_000 });
  await make('a fox', { backend: 'forwarding' });
  await until(() => steps.includes('save:flowing'));
  const begun = performance.now();
  await app.close(2 * PROMPTLY_MS);
  expect(performance.now() - begun).toBeLessThan(PROMPTLY_MS);
  expect(store.tasks.latest('local', 9)).toMatchObject([{ state: 'completed', saveState: 'pending' }]);
});

test('while it is waited for the tracker has stopped: another process goes on with polls and downloads', async () => {
  const upstream = await openUpstream();
  const steps: string[] = [];
  const sandbox = await aSandbox();
  const dataDir = tempDir();
  const backends = [aBackend('forwarding', upstream.url), aBackend('reverse', sandbox.baseUrl)];
  const leaving = await startApp({ dataDir, sandbox, backends, reached: (step) => void steps.push(step) });
  sandbox.fault({ on: 'link', kind: 'slow-body', delayMs: 600_000 });
  const saved = await leaving.make('a fox', { backend: 'reverse' });
  await until(() => steps.includes('save:flowing'));
  sandbox.fault({ on: 'get', kind: 'hang' });
  const polled = await leaving.make('a hen', { backend: 'reverse' });
  const gets = leaving.count('get');
  await until(() => leaving.count('get') > gets);
  leaving.make('an owl', { backend: 'forwarding' }).catch(() => {});
  await until(() => upstream.asked.length > 0);
  let over = false;
  const closed = leaving.app.close(3 * PROMPTLY_MS).finally(() => {
    over = true;
  });
  const staying = await startApp({ dataDir, sandbox, backends });
  await staying.reaches(saved.task.id, 'completed');
  await staying.reaches(polled.task.id, 'completed');
  expect(over).toBe(false);
  upstream.answer();
  await closed;
  expect(staying.store.tasks.latest('local', 1)).toMatchObject([{ remoteId: 'video_1' }]);
});

test('over HTTP a create is waited for although its client has gone', { timeout: 60_000 }, async () => {
  const upstream = await openUpstream();
  const served = await serve(tempDir(), { SORA_HTTP_TOKEN: TOKEN, SORA_FORWARDING_BASE_URL: upstream.url });
  const client = await connectTo(served.url, TOKEN);
  const leave = new AbortController();
  const called = client.callTool(
    { name: 'generate_video', arguments: { prompt: 'a fox', duration: 4 } },
    { signal: leave.signal },
  );
  called.catch(() => {});
  await until(() => upstream.asked.length > 0);
  leave.abort();
  await until(() => served.stderr().includes('tools/call generate_video'));
  const begun = performance.now();
  served.child.kill('SIGTERM');
  expect(await served.ended).toBe(0);
  expect(performance.now() - begun).toBeGreaterThan(4_500);
});

test('over stdio a create is waited for although it was cancelled', { timeout: 60_000 }, async () => {
  const upstream = await openUpstream();
  const env = cleanEnv(tempDir(), { SORA_FORWARDING_BASE_URL: upstream.url });
  const server = spawn(process.execPath, [MAIN], { env });
  onTestFinished(() => void server.kill('SIGKILL'));
  const ended = new Promise((resolve) => server.once('close', resolve));
  const say = (message: object) => server.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  const clientInfo = { name: 'test', version: '1' };
  say({ id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo } });
  const params = { name: 'generate_video', arguments: { prompt: 'a fox', duration: 4 } };
  say({ id: 2, method: 'tools/call', params });
  await until(() => upstream.asked.length > 0);
  say({ method: 'notifications/cancelled', params: { requestId: 2 } });
  const begun = performance.now();
  server.stdin.end();
  await ended;
  expect(server.exitCode).toBe(0);
  expect(performance.now() - begun).toBeGreaterThan(2_500);
});

test('whoever waits for a task when stdin ends is told how far it is, and the server goes', async () => {
  const server = spawn(process.execPath, [MAIN], { env: cleanEnv(tempDir()) });
  onTestFinished(() => void server.kill('SIGKILL'));
  const ended = new Promise((resolve) => server.once('close', resolve));
  let output = '';
  server.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const answer = (id: number) => {
    const lines = output.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Message).find((message) => message.id === id);
  };
  const say = (id: number, method: string, params: object) =>
    server.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
  const clientInfo = { name: 'test', version: '1' };
  say(1, 'initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo });
  say(2, 'tools/call', { name: 'generate_video', arguments: { prompt: 'a fox', duration: 12 } });
  await until(() => answer(2) !== undefined);
  const taskId = answer(2)?.result?.structuredContent?.task_id;
  say(3, 'tools/call', { name: 'get_task', arguments: { task_id: taskId, wait_seconds: 45 } });
  server.stdin.end();
  await ended;
  expect(answer(3)?.result?.structuredContent).toMatchObject({ task_id: taskId });
  expect(server.exitCode).toBe(0);
});

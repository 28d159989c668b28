import type { Client } from '@modelcontextprotocol/client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { aReport, fakeServices } from '../helpers/fake-services.ts';
import { post, startHttp, type TestServer, type TestServerOptions, TOKENS, until } from '../helpers/http.ts';
import { PROMPTLY_MS } from '../helpers/promptly.ts';

/** A server whose waits last until they are cancelled, as the real ones do. */
async function start(options: TestServerOptions = {}) {
  const alpha = fakeServices({
    get: (_id, wait, context) =>
      new Promise((resolve) => {
        if (!wait?.waitSeconds) resolve(aReport());
        context?.signal?.addEventListener('abort', () => resolve(aReport()));
      }),
  });
  const limits = { running: 2, drainMs: 2 * PROMPTLY_MS, ...options.limits };
  const server = await startHttp({ ...options, fakes: { alpha }, limits });
  onTestFinished(() => server.close());
  const waits = () => (alpha.calls.get as { waitSeconds?: number }[]).filter((call) => call.waitSeconds).length;
  return { server, waits };
}

const getTask = (id: number | string, seconds: number) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name: 'get_task', arguments: { task_id: 'task_1', wait_seconds: seconds } },
});
const cancel = (requestId: number | string) => ({
  jsonrpc: '2.0',
  method: 'notifications/cancelled',
  params: { requestId },
});

async function openSession(server: TestServer, protocolVersion = '2025-11-25') {
  const params = { protocolVersion, capabilities: {}, clientInfo: { name: 'fetch', version: '1' } };
  const hello = await post(`${server.url}/mcp`, { jsonrpc: '2.0', id: 0, method: 'initialize', params });
  await hello.text();
  const session = hello.headers.get('mcp-session-id') ?? '';
  const headers = { 'mcp-session-id': session, 'mcp-protocol-version': protocolVersion };
  const authorization = `Bearer ${TOKENS.alpha}`;
  const resume = (id: string) =>
    fetch(`${server.url}/mcp`, {
      headers: { ...headers, authorization, accept: 'text/event-stream', 'last-event-id': id },
    });
  return Object.assign((body: unknown) => post(`${server.url}/mcp`, body, headers), { resume });
}

describe('a cancelled call', () => {
  it.each(['2025', '2026', 'v1-http', 'v1-sse'] as const)('of a %s client leaves its place', async (kind) => {
    const { server, waits } = await start();
    const client: Client = await server.connect(kind);
    onTestFinished(() => client.close());
    const troubles: Error[] = [];
    client.onerror = (error) => void troubles.push(error);
    for (let round = 1; round <= 5; round++) {
      const leave = new AbortController();
      const args = { name: 'get_task', arguments: { task_id: 'task_1', wait_seconds: 40 } };
      const called = client.callTool(args, { signal: leave.signal });
      called.catch(() => {});
      await until(() => waits() === round);
      leave.abort();
      await expect(called).rejects.toThrow();
      expect((await client.callTool({ name: 'list_characters', arguments: {} })).isError ?? false).toBe(false);
    }
    // A client that may ask for the rest of a stream is told that there is none.
    const asked = () => server.lines.filter((line) => line.includes('GET /mcp - - alpha 204')).length;
    await until(() => asked() === (kind === '2025' || kind === 'v1-http' ? 5 : 0));
    expect(troubles).toEqual([]);
  });

  it('ends its stream without an answer, and its id may be used again', async () => {
    const { server, waits } = await start();
    const say = await openSession(server);
    for (let round = 1; round <= 3; round++) {
      const called = await say(getTask(7, 40));
      await until(() => waits() === round);
      expect((await say(cancel(7))).status).toBe(202);
      expect(await called.text()).not.toContain('jsonrpc');
    }
    expect(await (await say(getTask(7, 0))).text()).toContain('"id":7');
  });

  it('that was dropped and taken up again ends the stream that goes on', async () => {
    const { server, waits } = await start();
    const say = await openSession(server);
    const called = await say(getTask(7, 40));
    const reader = called.body!.getReader();
    const id = /^id: (\S+)/m.exec(new TextDecoder().decode((await reader.read()).value))![1]!;
    await until(() => waits() === 1);
    await reader.cancel();
    await until(() => server.lines.some((line) => line.includes('tools/call get_task')));
    const again = await say.resume(id);
    expect((await say(cancel(7))).status).toBe(202);
    expect(await again.text()).not.toContain('jsonrpc');
  });

  it('of another id or of nothing cancels nothing', async () => {
    const { server, waits } = await start();
    const say = await openSession(server);
    const called = await say(getTask(7, 40));
    await until(() => waits() === 1);
    for (const other of [cancel('7'), cancel(8), { ...cancel(7), params: {} }]) await say(other);
    expect((await say(getTask(7, 40))).status).toBe(400);
    await say(cancel(7));
    await called.text();
  });

  it('of a batch leaves the stream to the others', async () => {
    const { server, waits } = await start();
    const say = await openSession(server, '2025-03-26');
    const called = await say([getTask(1, 40), getTask(2, 40)]);
    await until(() => waits() === 2);
    await say(cancel(1));
    await say(cancel(2));
    await called.text();
    const mixed = await say([getTask(1, 40), getTask(2, 0), cancel(1)]);
    expect(await mixed.text()).toMatch(/"result":.*"id":2\}/);
  });

  it('keeps neither its session busy nor the server', async () => {
    let now = Date.now();
    const { server, waits } = await start({ limits: { idleSessionMs: 30 }, now: () => now });
    const say = await openSession(server);
    const called = await say(getTask(7, 40));
    await until(() => waits() === 1);
    await say(cancel(7));
    await called.text();
    await until(() => {
      now += 31;
      return server.services.alpha.listeners() === 0;
    });
    const started = performance.now();
    await server.close();
    expect(performance.now() - started).toBeLessThan(PROMPTLY_MS);
  });
});

describe('a cancelled call by SSE', () => {
  it('leaves its place and its id', async () => {
    const { server, waits } = await start();
    const client = await server.connect('v1-sse');
    onTestFinished(() => client.close());
    const sent = client.transport as unknown as { send(message: object): Promise<void> };
    for (let round = 1; round <= 3; round++) {
      await sent.send(getTask('mine', 40));
      await until(() => waits() === round);
      await sent.send(cancel('mine'));
    }
    expect((await client.callTool({ name: 'list_characters', arguments: {} })).isError ?? false).toBe(false);
  });
});

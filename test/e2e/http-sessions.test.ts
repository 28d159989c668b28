import { describe, expect, it } from 'vitest';
import { aReport, fakeServices } from '../helpers/fake-services.ts';
import { modern, post, type TestServer, TOKENS, until } from '../helpers/http.ts';
import { PROMPTLY_MS } from '../helpers/promptly.ts';
import { start } from './http-fixtures.ts';

const hello = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'fetch', version: '1' } },
};

async function openSession(server: TestServer, token: string = TOKENS.alpha): Promise<string> {
  const response = await post(`${server.url}/mcp`, hello, { authorization: `Bearer ${token}` });
  await response.text();
  return response.headers.get('mcp-session-id') ?? `no session: ${response.status}`;
}

const older = (session: string) => ({ 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' });
const list = (id: number | string) => ({ jsonrpc: '2.0', id, method: 'tools/list', params: {} });

describe('sessions of 2025 clients', () => {
  it('belong to the token that opened them; to others they are not there', async () => {
    const server = await start();
    const session = await openSession(server);
    const beta = { authorization: `Bearer ${TOKENS.beta}` };
    const theirs = await post(`${server.url}/mcp`, list(2), { ...older(session), ...beta });
    const unknown = await post(`${server.url}/mcp`, list(2), {
      ...older('11111111-1111-4111-8111-111111111111'),
      ...beta,
    });
    expect([theirs.status, await theirs.text()]).toEqual([404, await unknown.text()]);
    for (const method of ['GET', 'DELETE']) {
      const headers = { ...older(session), ...beta, accept: 'text/event-stream' };
      expect([method, (await fetch(`${server.url}/mcp`, { method, headers })).status]).toEqual([method, 404]);
    }
    expect((await post(`${server.url}/mcp`, list(3), older(session))).status).toBe(200);
  });

  it('are answered in one piece of a known length where the answer is there at once, else as a stream', async () => {
    let answer = () => {};
    const held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const alpha = fakeServices({ get: () => held.then(() => aReport()) });
    const server = await start({ fakes: { alpha } });
    const session = await openSession(server);
    const quick = await post(`${server.url}/mcp`, list(2), older(session));
    const text = await quick.text();
    expect(quick.headers.get('content-type')).toBe('text/event-stream');
    expect(quick.headers.get('content-length')).toBe(String(Buffer.byteLength(text)));
    expect(text).toContain('"generate_video"');
    const params = { name: 'get_task', arguments: { task_id: 'task_1' } };
    const slow = await post(`${server.url}/mcp`, { ...list(3), method: 'tools/call', params }, older(session));
    expect(slow.headers.get('content-length')).toBeNull();
    answer();
    expect(await slow.text()).toContain('"structuredContent"');
  });

  it('end with DELETE', async () => {
    const server = await start();
    const session = await openSession(server);
    const headers = { ...older(session), authorization: `Bearer ${TOKENS.alpha}` };
    expect((await fetch(`${server.url}/mcp`, { method: 'DELETE', headers })).ok).toBe(true);
    expect((await post(`${server.url}/mcp`, list(2), older(session))).status).toBe(404);
  });

  it('are capped for each token; the idle make room, the busy do not', async () => {
    let now = Date.now();
    const server = await start({ limits: { sessions: 2 }, now: () => now });
    const [first, second] = [await openSession(server), await openSession(server)];
    const refused = await post(`${server.url}/mcp`, hello);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60']);
    expect(await openSession(server, TOKENS.beta)).toMatch(/^[0-9a-f-]{36}$/);

    now += 61_000;
    expect((await post(`${server.url}/mcp`, list(2), older(second))).status).toBe(200);
    expect(await openSession(server)).toMatch(/^[0-9a-f-]{36}$/);
    expect((await post(`${server.url}/mcp`, list(3), older(first))).status).toBe(404);
    expect((await post(`${server.url}/mcp`, list(3), older(second))).status).toBe(200);
  });

  it('are closed when nobody uses them', async () => {
    let now = Date.now();
    const server = await start({ limits: { idleSessionMs: 30 }, now: () => now });
    const session = await openSession(server);
    const params = { name: 'list_characters', arguments: {} };
    const used = await post(`${server.url}/mcp`, { ...list(2), method: 'tools/call', params }, older(session));
    expect(await used.text()).toContain('coffee_girl');
    expect(server.services.alpha.listeners()).toBe(1);
    await until(() => {
      now += 31;
      return server.services.alpha.listeners() === 0;
    });
    expect((await post(`${server.url}/mcp`, list(2), older(session))).status).toBe(404);
  });

  it('refuse an id that is still under way, which would swallow the first answer', async () => {
    let finish = () => {};
    const alpha = fakeServices({
      get: () => new Promise((resolve) => (finish = () => resolve(aReport()))),
    });
    const server = await start({ fakes: { alpha } });
    const session = await openSession(server);
    const wait = { name: 'get_task', arguments: { task_id: 'task_1', wait_seconds: 20 } };
    const call = { jsonrpc: '2.0', id: 7, method: 'tools/call', params: wait };
    const first = post(`${server.url}/mcp`, call, older(session));
    await until(() => (alpha.calls.get?.length ?? 0) === 1);
    expect((await post(`${server.url}/mcp`, list(7), older(session))).status).toBe(400);
    expect((await post(`${server.url}/mcp`, list('7'), older(session))).status).toBe(200);
    finish();
    expect(await (await first).text()).toContain('"id":7');
    expect((await post(`${server.url}/mcp`, list(7), older(session))).status).toBe(200);
  });

  it('give a client whose stream broke what it missed', async () => {
    let finish = () => {};
    const alpha = fakeServices({
      get: () => new Promise((resolve) => (finish = () => resolve(aReport({ progress: 77 })))),
    });
    const server = await start({ fakes: { alpha } });
    const session = await openSession(server);
    const call = {
      jsonrpc: '2.0',
      id: 7,
      method: 'tools/call',
      params: { name: 'get_task', arguments: { task_id: 't' } },
    };
    const response = await post(`${server.url}/mcp`, call, older(session));
    const reader = response.body!.getReader();
    const first = new TextDecoder().decode((await reader.read()).value);
    const id = /^id: (\S+)/m.exec(first)?.[1] ?? 'none';
    await until(() => alpha.calls.get?.length === 1);
    await reader.cancel();
    await until(() => server.lines.some((line) => line.includes('tools/call get_task')));
    finish();
    const again = await fetch(`${server.url}/mcp`, {
      headers: {
        ...older(session),
        accept: 'text/event-stream',
        authorization: `Bearer ${TOKENS.alpha}`,
        'last-event-id': id,
      },
    });
    expect(await again.text()).toContain('"progress":77');
  });
});

describe('a call whose client dropped', () => {
  async function drop(limits = {}) {
    let finish = () => {};
    const alpha = fakeServices({
      get: () => new Promise((resolve) => (finish = () => resolve(aReport({ progress: 77 })))),
    });
    const server = await start({ fakes: { alpha }, limits });
    const session = await openSession(server);
    const params = { name: 'get_task', arguments: { task_id: 'task_1', wait_seconds: 40 } };
    const response = await post(`${server.url}/mcp`, { ...list(7), method: 'tools/call', params }, older(session));
    await until(() => alpha.calls.get?.length === 1);
    await response.body?.cancel();
    await until(() => server.lines.some((line) => line.includes('tools/call get_task')));
    const ask = (id: number) => post(`${server.url}/mcp`, list(id), older(session));
    return { server, session, ask, finish: () => finish() };
  }

  it('keeps its id until it has ended: the next one of that id would get its answer', async () => {
    const { ask, finish } = await drop();
    expect((await ask(7)).status).toBe(400);
    finish();
    await expect.poll(async () => (await ask(7)).status, { timeout: PROMPTLY_MS }).toBe(200);
  });

  it('keeps its place as long', async () => {
    const { ask, finish } = await drop({ running: 1 });
    expect((await ask(8)).status).toBe(429);
    finish();
    await expect.poll(async () => (await ask(8)).status, { timeout: PROMPTLY_MS }).toBe(200);
  });

  it('leaves its place when its session ends', async () => {
    const { server, session } = await drop({ running: 1 });
    const headers = { ...older(session), authorization: `Bearer ${TOKENS.alpha}` };
    await fetch(`${server.url}/mcp`, { method: 'DELETE', headers });
    expect(await openSession(server)).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('connections by SSE', () => {
  it('are told the path that is public, and take messages with it or without', async () => {
    const server = await start({ publicUrl: 'https://video.example/sora' });
    const leave = new AbortController();
    const response = await fetch(`${server.url}/sse`, {
      headers: { authorization: `Bearer ${TOKENS.alpha}` },
      signal: leave.signal,
    });
    const { value } = await response.body!.getReader().read();
    const endpoint = /data: (\S+)/.exec(new TextDecoder().decode(value))![1]!;
    expect(endpoint).toMatch(/^\/sora\/messages\?sessionId=/);
    for (const path of [endpoint, endpoint.slice('/sora'.length)]) {
      expect((await post(server.url + path, hello)).status).toBe(202);
    }
    leave.abort();
  });

  it('take messages only from the token that opened them', async () => {
    const server = await start();
    const leave = new AbortController();
    const response = await fetch(`${server.url}/sse`, {
      headers: { authorization: `Bearer ${TOKENS.alpha}` },
      signal: leave.signal,
    });
    const reader = response.body!.getReader();
    const endpoint = /data: (\S+)/.exec(new TextDecoder().decode((await reader.read()).value))![1]!;
    const beta = { authorization: `Bearer ${TOKENS.beta}` };
    const statuses = {
      stranger: (await post(server.url + endpoint, hello, beta)).status,
      unknown: (await post(`${server.url}/messages?sessionId=1`, hello)).status,
      none: (await post(`${server.url}/messages`, hello)).status,
      nonsense: (await post(server.url + endpoint, { no: 'message' })).status,
      owner: (await post(server.url + endpoint, hello)).status,
    };
    expect(statuses).toEqual({ stranger: 404, unknown: 404, none: 404, nonsense: 400, owner: 202 });
    expect(new TextDecoder().decode((await reader.read()).value)).toContain('"protocolVersion":"2025-11-25"');
    leave.abort();
  });

  it('are capped, with the other streams of the token', async () => {
    const server = await start({ limits: { streams: 2 } });
    const headers = { authorization: `Bearer ${TOKENS.alpha}` };
    const leave = new AbortController();
    const sse = () => fetch(`${server.url}/sse`, { headers, signal: leave.signal });
    // Held until they were counted: an answer that is garbage takes its connection with it.
    const taken = [await sse(), await sse()];
    const refused = await sse();
    const { body, headers: named } = modern('subscriptions/listen', { notifications: { resourcesListChanged: true } });
    const listen = await post(`${server.url}/mcp`, body, named);
    expect([...taken, refused, listen].map(({ status }) => status)).toEqual([200, 200, 429, 429]);
    expect(refused.headers.get('retry-after')).toBe('10');
    leave.abort();
    await until(() => server.lines.filter((line) => line.includes('/sse')).length === 3);
    const again = new AbortController();
    const retry = async () => (await fetch(`${server.url}/sse`, { headers, signal: again.signal })).status;
    await expect.poll(retry, { timeout: PROMPTLY_MS }).toBe(200);
    again.abort();
  });
});

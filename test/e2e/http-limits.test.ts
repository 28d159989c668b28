import { afterEach, describe, expect, it } from 'vitest';
import { aReport, fakeServices } from '../helpers/fake-services.ts';
import { modern, post, startHttp, type TestServer, type TestServerOptions, TOKENS, until } from '../helpers/http.ts';
import { openSocket, sendRaw } from '../helpers/http-raw.ts';

const NOON = Date.UTC(2026, 10, 22, 12);

const open: TestServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});
async function start(options?: TestServerOptions): Promise<TestServer> {
  const server = await startHttp(options);
  open.push(server);
  return server;
}
const list = (server: TestServer, headers: Record<string, string> = {}) => {
  const asked = modern('tools/list');
  return post(`${server.url}/mcp`, asked.body, { ...asked.headers, ...headers });
};
const statuses = async (count: number, ask: () => Promise<Response>) => {
  const seen: Record<number, number> = {};
  for (let at = 0; at < count; at++) {
    const response = await ask();
    await response.text();
    seen[response.status] = (seen[response.status] ?? 0) + 1;
  }
  return seen;
};

describe('rates', () => {
  it('hold for each token by itself, and pass with time', async () => {
    let now = NOON;
    const server = await start({ limits: { requestsPerMinute: 6 }, now: () => now });
    expect(await statuses(9, () => list(server))).toEqual({ 200: 6, 429: 3 });
    const refused = await list(server);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '10']);
    const beta = { authorization: `Bearer ${TOKENS.beta}` };
    expect((await list(server, beta)).status).toBe(200);
    now += 10_000;
    expect(await statuses(2, () => list(server))).toEqual({ 200: 1, 429: 1 });
  });

  it('count each message of a batch', async () => {
    const server = await start({ limits: { requestsPerMinute: 10 }, now: () => NOON });
    const batch = Array.from({ length: 6 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'ping' }));
    const first = await post(`${server.url}/mcp`, batch);
    const second = await post(`${server.url}/mcp`, batch);
    expect([first.status, second.status]).toEqual([400, 429]);
  });

  it.each<[what: string, status: number, path: string, init: RequestInit]>([
    ['a body that is no JSON', 400, '/mcp', { method: 'POST', body: '{' }],
    ['a message of no session', 404, '/messages', { method: 'POST', body: '{}' }],
    ['a path where nothing is', 404, '/nothing', {}],
    ['a video that is not there', 404, '/files/task_1', {}],
    ['a method that is not served', 405, '/mcp', { method: 'PUT' }],
    ['a method that is not served by sse', 405, '/sse', { method: 'POST' }],
    ['a body that is too large', 413, '/mcp', { method: 'POST', body: `[${'1,'.repeat(20_000)}1]` }],
    ['another content type', 415, '/mcp', { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } }],
  ])('count %s', async (_what, status, path, { headers, ...init }) => {
    const server = await start({ limits: { requestsPerMinute: 2 }, now: () => NOON });
    const known = { authorization: `Bearer ${TOKENS.alpha}`, 'content-type': 'application/json', ...headers };
    expect(await statuses(4, () => fetch(server.url + path, { ...init, headers: known }))).toEqual({
      [status]: 2,
      429: 2,
    });
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  });

  it('slow strangers down, but not those with a token at the same address', async () => {
    const server = await start({ limits: { strangerRequestsPerMinute: 5 }, now: () => NOON });
    const guess = () => list(server, { authorization: 'Bearer guess-0123456789' });
    expect(await statuses(8, guess)).toEqual({ 401: 5, 429: 3 });
    expect((await guess()).headers.get('retry-after')).toBe('12');
    expect(await statuses(8, () => list(server))).toEqual({ 200: 8 });
    for (const path of ['/healthz', '/readyz']) {
      expect(await statuses(20, () => fetch(server.url + path))).toEqual({ 200: 20 });
    }
  });

  it('never keep a load balancer from its health checks, nor do those make the store work', async () => {
    let now = NOON;
    const alpha = fakeServices();
    let opened = 0;
    const services = async () => {
      opened++;
      return alpha;
    };
    const server = await start({ limits: { strangerRequestsPerMinute: 5 }, now: () => now, services });
    const ready = () => fetch(`${server.url}/readyz`);
    expect(await statuses(20, ready)).toEqual({ 200: 20 });
    expect(opened).toBe(1);
    now += 1_000;
    expect(await statuses(20, ready)).toEqual({ 200: 20 });
    expect(opened).toBe(2);
  });

  it('hold for unanswered requests too', async () => {
    let finish: (() => void)[] = [];
    const alpha = fakeServices({ get: () => new Promise((resolve) => finish.push(() => resolve(aReport()))) });
    const server = await start({ fakes: { alpha }, limits: { running: 2 } });
    const asked = modern('tools/call', { name: 'get_task', arguments: { task_id: 't', wait_seconds: 9 } });
    const calls = [1, 2].map(() => post(`${server.url}/mcp`, asked.body, asked.headers));
    await until(() => finish.length === 2);
    expect((await list(server)).status).toBe(429);
    for (const each of finish) each();
    finish = [];
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await list(server)).status).toBe(200);
  });
});

describe('slow clients', () => {
  it.each([
    ['headers', 'POST /mcp HTTP/1.1\r\nHost: localhost\r\n'],
    [
      'a body',
      `POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKENS.alpha}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
    ],
  ])('are cut off when %s do not come', async (_what, text) => {
    const server = await start({ limits: { headersMs: 300, requestMs: 600 } });
    const answer = await sendRaw(server.url, text);
    expect(answer.status).toBe(408);
  });

  it.each(['listen', 'sse'] as const)('that do not read what they asked for (%s) are cut off', async (kind) => {
    const server = await start({ limits: { unreadBytes: 64 * 1024 } });
    const asked = modern('subscriptions/listen', { notifications: { resourceSubscriptions: ['sora://tasks/task_1'] } });
    const body = JSON.stringify(asked.body);
    const common = `Host: localhost\r\nAuthorization: Bearer ${TOKENS.alpha}\r\n`;
    const lines = Object.entries(asked.headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const types = 'Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n';
    const text =
      kind === 'sse'
        ? `GET /sse HTTP/1.1\r\n${common}\r\n`
        : `POST /mcp HTTP/1.1\r\n${common}${types}${lines.join('')}Content-Length: ${body.length}\r\n\r\n${body}`;
    const socket = openSocket(server.url);
    let head = '';
    socket.on('data', (chunk) => {
      head += chunk;
    });
    socket.write(text);
    await until(() => head.includes(kind === 'sse' ? 'sessionId=' : 'acknowledged'));
    if (kind === 'sse') {
      const endpoint = /data: (\S+)/.exec(head)![1]!;
      const say = (message: object) => post(server.url + endpoint, message);
      const clientInfo = { name: 'slow', version: '1' };
      const params = { protocolVersion: '2024-11-05', capabilities: {}, clientInfo };
      await say({ jsonrpc: '2.0', id: 1, method: 'initialize', params });
      await say({ jsonrpc: '2.0', method: 'notifications/initialized' });
      await say({ jsonrpc: '2.0', id: 2, method: 'resources/subscribe', params: { uri: 'sora://tasks/task_1' } });
    }
    await until(() => server.services.alpha.listeners() > 0);
    socket.pause();
    // What the kernel holds for a reader is beyond the server's sight, so it takes some megabytes.
    for (let round = 0; round < 400 && !server.lines.some((line) => / GET \/sse | listen /.test(line)); round++) {
      for (let at = 0; at < 250; at++) server.services.alpha.emit({ kind: 'task', taskId: 'task_1' });
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => server.lines.some((line) => /GET \/sse|subscriptions\/listen/.test(line)));
    socket.destroy();
    expect((await list(server)).status).toBe(200);
  });
});

describe('the access log', () => {
  it('has one line a request and never what was said', async () => {
    const server = await start();
    const secret = 'a very private prompt';
    const asked = modern('tools/call', { name: 'generate_video', arguments: { prompt: secret } });
    await (await post(`${server.url}/mcp`, asked.body, asked.headers)).text();
    await (await list(server, { authorization: 'Bearer wrong-0123456789abc' })).text();
    await (await fetch(`${server.url}/nowhere/${secret.replaceAll(' ', '-')}?token=abc`)).text();
    const odd = modern('tools/call', { name: `x\n${secret}`, arguments: {} });
    delete odd.headers['mcp-name'];
    await (await post(`${server.url}/mcp`, odd.body, odd.headers)).text();
    await until(() => server.lines.length === 4);
    const [call, stranger, nowhere, strange] = server.lines.map((line) =>
      line.replace(/^\S+ /, '').replace(/\d+ms/, 'ms'),
    );
    expect(call).toBe('http POST /mcp tools/call generate_video alpha 200 ms');
    expect(stranger).toBe('http POST /mcp - - - 401 ms');
    expect(nowhere).toBe('http GET other - - - 400 ms');
    expect(strange).toMatch(/^http POST \/mcp tools\/call unknown alpha \d+ ms$/);
    expect(server.lines.join('')).not.toContain('private');
    for (const token of Object.values(TOKENS)) expect(server.lines.join('')).not.toContain(token);
  });

  it('says the same to machines', async () => {
    const told: unknown[] = [];
    const server = await start({ log: (_line, facts) => void told.push(facts) });
    await (await list(server)).text();
    await until(() => told.length === 1);
    const ms = expect.any(Number);
    const request = { method: 'POST', route: '/mcp', rpc: 'tools/list', workspace: 'alpha' };
    expect(told).toEqual([{ kind: 'http', ...request, status: 200, ms }]);
  });

  it('names no tool and no method that does not exist: it may be a secret in the wrong place', async () => {
    const server = await start();
    const secret = 'sk-live-0123456789';
    const asked = [modern('tools/call', { name: secret, arguments: {} }), modern(secret), modern(`tools/${secret}`)];
    for (const { body, headers } of asked) await (await post(`${server.url}/mcp`, body, headers)).text();
    await until(() => server.lines.length === asked.length);
    expect(server.lines.map((line) => / \/mcp (\S+ \S+) alpha /.exec(line)?.[1])).toEqual([
      'tools/call unknown',
      'unknown -',
      'unknown -',
    ]);
    expect(server.lines.join('')).not.toContain(secret);
  });

  it('says 499 of a client that left', async () => {
    const alpha = fakeServices({ get: () => new Promise(() => {}) });
    const server = await start({ fakes: { alpha } });
    const asked = modern('tools/call', { name: 'get_task', arguments: { task_id: 't', wait_seconds: 9 } });
    const leave = new AbortController();
    const headers = { ...asked.headers, 'content-type': 'application/json', authorization: `Bearer ${TOKENS.alpha}` };
    const body = JSON.stringify(asked.body);
    const call = fetch(`${server.url}/mcp`, { method: 'POST', headers, body, signal: leave.signal }).catch(
      () => 'left',
    );
    await until(() => (alpha.calls.get?.length ?? 0) === 1);
    leave.abort();
    expect(await call).toBe('left');
    await until(() => server.lines.some((line) => line.includes('tools/call get_task alpha 499')));
  });
});

describe('a defect', () => {
  it('is a bare 500, and the reason goes to the operator', async () => {
    const server = await start({
      serverFor: () => {
        throw new Error('secret inside /home/ada/server/src');
      },
    });
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } };
    const session = await post(`${server.url}/mcp`, { jsonrpc: '2.0', id: 1, method: 'initialize', params });
    const modernOne = await list(server);
    for (const response of [session, modernOne]) {
      expect(response.status).toBe(500);
      expect(await response.text()).not.toContain('secret');
    }
    expect(server.lines.filter((line) => line.includes('secret inside'))).toHaveLength(2);
  });
});

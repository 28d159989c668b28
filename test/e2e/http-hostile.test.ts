import type { Client } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { modern, post, startHttp, type TestServer, TOKENS, until } from '../helpers/http.ts';
import { flood, openSocket, sendRaw } from '../helpers/http-raw.ts';
import { PROMPTLY_MS } from '../helpers/promptly.ts';

let server: TestServer;
let good: Client;
beforeAll(async () => {
  const limits = {
    strangerRequestsPerMinute: 100_000,
    requestsPerMinute: 100_000,
    headersMs: 3 * PROMPTLY_MS,
    requestMs: 3 * PROMPTLY_MS,
    strangerConnections: 200,
  };
  server = await startHttp({ limits });
  good = await server.connect('2026');
});
afterAll(async () => {
  await good.close();
  await server.close();
});

/** A good client is served whatever the others do. */
async function expectGoodService(): Promise<void> {
  const called = await good.callTool({ name: 'list_characters', arguments: {} });
  expect(called.isError ?? false).toBe(false);
}

const auth = `Authorization: Bearer ${TOKENS.alpha}\r\n`;
const json = 'Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n';
const { body: listBody, headers: listHeaders } = modern('tools/list');
const listText = JSON.stringify(listBody);
const named = Object.entries(listHeaders)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('');
const length = `Content-Length: ${listText.length}\r\n`;
const requestOf = (lines: string, method = 'POST', path = '/mcp') =>
  `${method} ${path} HTTP/1.1\r\n${lines}Connection: close\r\n\r\n`;
const withBody = (lines: string, path = '/mcp') =>
  requestOf(`${json}${named}${length}${lines}`, 'POST', path) + listText;
const host = () => `Host: ${new URL(server.url).host}\r\n`;

describe('hostile requests get their status, and the good client its answer', () => {
  const wrong = `${TOKENS.alpha.slice(0, -1)}x`;
  // A signed token such as an authorization server gives, for some other resource.
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const foreign = `${part({ alg: 'none' })}.${part({ aud: 'https://other.example', sub: 'alpha' })}.`;
  const bearer = (token: string) => `Authorization: Bearer ${token}\r\n`;

  it.each<[what: string, status: number | undefined, text: () => string]>([
    ['nothing wrong, for comparison', 200, () => withBody(host() + auth)],
    ['no Host', 400, () => withBody(auth)],
    ['an empty Host', 400, () => withBody(`Host: \r\n${auth}`)],
    ['a Host that is rebound', 403, () => withBody(`Host: evil.example\r\n${auth}`)],
    [
      'a Host that is rebound, with our port',
      403,
      () => withBody(`Host: evil.example:${new URL(server.url).port}\r\n${auth}`),
    ],
    ['a Host that begins like ours', 403, () => withBody(`Host: 127.0.0.1.evil.example\r\n${auth}`)],
    ['a Host with a user name', 400, () => withBody(`Host: evil@localhost\r\n${auth}`)],
    ['two Hosts', 400, () => withBody(`${host()}Host: evil.example\r\n${auth}`)],
    ['an absolute target', 400, () => withBody(host() + auth, 'http://evil.example/mcp')],
    ['a foreign Origin', 403, () => withBody(`${host()}Origin: https://evil.example\r\n${auth}`)],
    ['a page of another local program', 403, () => withBody(`${host()}Origin: http://127.0.0.1:1\r\n${auth}`)],
    ['the null Origin', 403, () => withBody(`${host()}Origin: null\r\n${auth}`)],
    [
      'an Origin that hides ours',
      403,
      () => withBody(`${host()}Origin: http://${new URL(server.url).host}@evil.example\r\n${auth}`),
    ],
    ['an own Origin', 200, () => withBody(`${host()}Origin: ${server.url}\r\n${auth}`)],
    ['two Origins', 400, () => withBody(`${host()}Origin: ${server.url}\r\nOrigin: https://evil.example\r\n${auth}`)],
    [
      'a foreign Origin at health',
      403,
      () => requestOf(`${host()}Origin: https://evil.example\r\n`, 'GET', '/healthz'),
    ],
    ['a rebound Host at health', 403, () => requestOf('Host: evil.example\r\n', 'GET', '/healthz')],
    ['a rebound Host at files', 403, () => requestOf(`Host: evil.example\r\n${auth}`, 'GET', '/files/task_1')],
    ['a rebound Host at sse', 403, () => requestOf(`Host: evil.example\r\n${auth}`, 'GET', '/sse')],
    ['no token', 401, () => withBody(host())],
    ['no token at sse', 401, () => requestOf(host(), 'GET', '/sse')],
    ['no token at messages', 401, () => withBody(host(), '/messages?sessionId=1')],
    ['no token at files', 401, () => requestOf(host(), 'GET', '/files/task_1')],
    ['no token where nothing is', 401, () => requestOf(host(), 'GET', '/.well-known/oauth-protected-resource')],
    ['a wrong token', 401, () => withBody(host() + bearer(wrong))],
    ['a truncated token', 401, () => withBody(host() + bearer(TOKENS.alpha.slice(0, -1)))],
    ['a token and more', 401, () => withBody(host() + bearer(`${TOKENS.alpha}x`))],
    ['a token of another audience', 401, () => withBody(host() + bearer(foreign))],
    ['an empty token', 401, () => withBody(`${host()}Authorization: Bearer \r\n`)],
    ['a basic login', 401, () => withBody(`${host()}Authorization: Basic ${btoa(`alpha:${TOKENS.alpha}`)}\r\n`)],
    ['a workspace for a token', 401, () => withBody(host() + bearer('alpha'))],
    ['an endless token', 401, () => withBody(host() + bearer('x'.repeat(8_000)))],
    ['two tokens', 400, () => withBody(host() + auth + bearer(wrong))],
    ['the token in the query', 400, () => withBody(host(), `/mcp?token=${TOKENS.alpha}`)],
    ['the token in the query too', 400, () => withBody(host() + auth, `/mcp?access_token=${TOKENS.alpha}`)],
    ['the token in the query of sse', 400, () => requestOf(host(), 'GET', `/sse?api_key=${TOKENS.alpha}`)],
    [
      'a session of nobody',
      404,
      () => requestOf(`${host()}${auth}Mcp-Session-Id: 1\r\nAccept: text/event-stream\r\n`, 'GET'),
    ],
    ['two sessions', 400, () => requestOf(`${host()}${auth}Mcp-Session-Id: 1\r\nMcp-Session-Id: 2\r\n`, 'GET')],
    ['a path with dots', 404, () => requestOf(host() + auth, 'GET', '/files/../../etc/passwd')],
    ['a path with coded dots', 404, () => requestOf(host() + auth, 'GET', '/files/%2e%2e%2f%2e%2e%2fetc%2fpasswd')],
    ['a path with a zero byte', 404, () => requestOf(host() + auth, 'GET', '/files/task_1%00.mp4')],
    ['a path with a backslash', 404, () => requestOf(host() + auth, 'GET', '/files/..\\..\\etc')],
    ['a path of an absolute file', 404, () => requestOf(host() + auth, 'GET', '/files//etc/passwd')],
    ['a path with an endless id', 404, () => requestOf(host() + auth, 'GET', `/files/${'a'.repeat(1_000)}`)],
    ['a path without end', 414, () => requestOf(host() + auth, 'GET', `/${'a'.repeat(4_000)}`)],
    ['a file of nobody', 404, () => requestOf(host() + auth, 'GET', '/files/task_1')],
    [
      'a forged link',
      401,
      () => requestOf(host(), 'GET', `/files/task_1?workspace=alpha&expires=9999999999&signature=${'A'.repeat(43)}`),
    ],
    ['length and chunks at once', 400, () => withBody(`${host()}${auth}Transfer-Encoding: chunked\r\n`)],
    ['two lengths', 400, () => withBody(`${host()}${auth}Content-Length: 5\r\n`)],
    ['a negative length', 400, () => requestOf(`${host()}${auth}${json}Content-Length: -5\r\n`)],
    [
      'a strange transfer encoding',
      400,
      () => requestOf(`${host()}${auth}${json}Transfer-Encoding: chunked, identity\r\n`),
    ],
    ['a header with a space in its name', 400, () => requestOf(`${host()}Authorization : Bearer ${TOKENS.alpha}\r\n`)],
    ['a folded header', 400, () => requestOf(`${host()}X-A: b\r\n Authorization: Bearer ${TOKENS.alpha}\r\n`)],
    ['a header with a bare carriage return', 400, () => requestOf(`${host()}X-A: b\rAuthorization: Bearer x\r\n`)],
    ['a header with a zero byte', 400, () => requestOf(`${host()}X-A: b\0c\r\n`)],
    ['headers without end', 431, () => requestOf(`${host()}X-A: ${'a'.repeat(20_000)}\r\n`)],
    ['very many headers', 431, () => requestOf(host() + 'X-A: b\r\n'.repeat(5_000))],
    ['no HTTP at all', 400, () => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
    ['HTTP/2 without being asked', 400, () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a tunnel', undefined, () => `CONNECT evil.example:443 HTTP/1.1\r\n${host()}\r\n`],
    ['an upgrade', 405, () => requestOf(`${host()}${auth}Upgrade: websocket\r\n`, 'GET')],
    ['TRACE', 405, () => requestOf(host() + auth, 'TRACE')],
    ['a preflight', 401, () => requestOf(`${host()}Access-Control-Request-Method: POST\r\n`, 'OPTIONS')],
    ['PUT', 405, () => requestOf(`${host()}${auth}Content-Length: 0\r\n`, 'PUT')],
    [
      'another content type',
      415,
      () => `${requestOf(`${host()}${auth}Content-Type: text/plain\r\nContent-Length: 2\r\n`)}{}`,
    ],
    ['a compressed body', 415, () => withBody(`${host()}${auth}Content-Encoding: gzip\r\n`)],
    [
      'a body larger than it may be, announced',
      413,
      () => requestOf(`${host()}${auth}${json}Content-Length: 104857600\r\n`),
    ],
    [
      'the same, asking first',
      413,
      () => requestOf(`${host()}${auth}${json}Content-Length: 104857600\r\nExpect: 100-continue\r\n`),
    ],
  ])('%s: %s', async (_what, status, text) => {
    const answer = await sendRaw(server.url, text());
    expect(answer.status).toBe(status);
    for (const secret of Object.values(TOKENS)) expect(answer.text).not.toContain(secret);
    expect(answer.text).not.toMatch(/\bat .*\.[cm]?[jt]s:\d|node_modules|\/work\//);
    await expectGoodService();
  });

  it.each<[what: string, status: number, body: () => string]>([
    ['no JSON', 400, () => '{"jsonrpc":'],
    ['a lone surrogate in a name', 400, () => '{"jsonrpc":"2.0","\\ud800":1}'],
    ['a JSON value that is no message', 400, () => '42'],
    ['null', 400, () => 'null'],
    ['an empty batch', 400, () => '[]'],
    ['a batch of 1,000', 413, () => JSON.stringify(Array.from({ length: 1_000 }, () => listBody))],
    ['a million array elements', 413, () => `{"a":[${'1,'.repeat(1_000_000)}1]}`],
    ['as many as fit', 413, () => `{"a":[${'1,'.repeat(500_000)}1]}`],
    ['half a million empty objects', 413, () => `[${'{},'.repeat(340_000)}{}]`],
    ['an abyss', 413, () => '['.repeat(500_000)],
    ['a megabyte and a byte', 413, () => `"${'a'.repeat(1024 * 1024)}"`],
  ])('a body: %s: %s', async (_what, status, body) => {
    const response = await post(`${server.url}/mcp`, body());
    expect(response.status).toBe(status);
    await response.text();
    await expectGoodService();
  });

  it('lets a tool call of many elements through to the tool, which says no', async () => {
    const { body, headers } = modern('tools/call', {
      name: 'list_characters',
      arguments: { query: Array(5_000).fill(1) },
    });
    const response = await post(`${server.url}/mcp`, body, headers);
    expect(JSON.stringify(await response.json())).toMatch(/element/);
  });

  it('a URI that would blow a template up is answered at once', async () => {
    for (const uri of [
      `sora://characters/${'a%'.repeat(800)}`,
      `sora://characters/${'/,;'.repeat(600)}`,
      `sora://tasks/{${'{'.repeat(900)}`,
    ]) {
      const started = performance.now();
      const { body, headers } = modern('resources/read', { uri });
      delete headers['mcp-name'];
      await (await post(`${server.url}/mcp`, body, headers)).text();
      expect(performance.now() - started).toBeLessThan(PROMPTLY_MS);
    }
    await expectGoodService();
  });
});

describe('floods', () => {
  const MB = 1024 * 1024;

  it.each([
    ['announced', () => `Content-Length: ${100 * MB}\r\n`, 'a'.repeat(64 * 1024)],
    ['in chunks', () => 'Transfer-Encoding: chunked\r\n', `10000\r\n${'a'.repeat(65_536)}\r\n`],
  ])('a body of 100 MB, %s, is cut off early', async (_how, framing, chunk) => {
    const head = `POST /mcp HTTP/1.1\r\n${host()}${auth}${json}${framing()}\r\n`;
    const served = Promise.all(Array.from({ length: 20 }, expectGoodService));
    const { status, sent } = await flood(server.url, head, chunk, 100 * MB);
    expect(status).toBe(413);
    expect(sent).toBeLessThan(50 * MB);
    await served;
  });

  it('a chunked body of a stranger is not read to its end', async () => {
    const head = `POST /mcp HTTP/1.1\r\n${host()}${json}Transfer-Encoding: chunked\r\n\r\n`;
    const { status, sent } = await flood(server.url, head, `10000\r\n${'a'.repeat(65_536)}\r\n`, 100 * MB);
    expect(status).toBe(401);
    expect(sent).toBeLessThan(50 * MB);
  });

  /** A thousand connections that say half of something. */
  async function halfOpen(url: string): Promise<{ closed(): number }> {
    const sockets = Array.from({ length: 1_000 }, () => openSocket(url));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
    });
    let connected = 0;
    let closed = 0;
    for (const socket of sockets) {
      socket.on('connect', () => connected++).on('close', () => closed++);
      socket.resume();
      socket.write('POST /mcp HTTP/1.1\r\nHost: loc');
    }
    await until(() => connected === 1_000);
    return { closed: () => closed };
  }

  it('a thousand half-open connections keep nobody out: the oldest make room', async () => {
    const { closed } = await halfOpen(server.url);
    // Fresh connections, not one that was there before.
    for (let round = 0; round < 10; round++) {
      const { body, headers } = modern('tools/list');
      const response = await post(`${server.url}/mcp`, body, { ...headers, connection: 'close' });
      expect(response.status).toBe(200);
      await response.text();
      await expectGoodService();
    }
    await until(() => closed() >= 800);
    expect(closed()).toBeLessThan(1_000);
  });

  it('a thousand half-open connections are cut off', async () => {
    const impatient = await startHttp({ limits: { headersMs: 300 } });
    onTestFinished(() => impatient.close());
    const { closed } = await halfOpen(impatient.url);
    await until(() => closed() === 1_000);
  });
});

import { Agent, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { modern, startHttp, type TestServer, type TestServerOptions, TOKENS, until } from '../helpers/http.ts';
import { openSocket } from '../helpers/http-raw.ts';
import { PROMPTLY_MS } from '../helpers/promptly.ts';

async function start(limits: TestServerOptions['limits'] = {}): Promise<TestServer> {
  const server = await startHttp({ limits: { strangerRequestsPerMinute: 100_000, ...limits } });
  onTestFinished(() => server.close());
  return server;
}

/** Resolves with the answer once the server has closed the connection. */
function sayUntilClosed(url: string, text: string): Promise<string> {
  const socket = openSocket(url);
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  socket.write(text);
  return new Promise((resolve) => socket.on('close', () => resolve(answer)));
}

/** A tool list asked for with a token, over the agent's connection or a new one; rejects when nobody answers. */
function askAsFriend(url: string, agent = new Agent()): Promise<number | undefined> {
  const { body, headers } = modern('tools/list');
  const all = {
    ...headers,
    authorization: `Bearer ${TOKENS.alpha}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  };
  return new Promise((resolve, reject) => {
    const done = (answer: IncomingMessage) => answer.resume().on('end', () => resolve(answer.statusCode));
    request(`${url}/mcp`, { method: 'POST', headers: all, agent }, done).on('error', reject).end(JSON.stringify(body));
  });
}

const hello = 'Host: localhost\r\n';

it.each([
  ['401', `GET /mcp HTTP/1.1\r\n${hello}\r\n`],
  ['401', `POST /mcp HTTP/1.1\r\n${hello}Content-Length: 2\r\n\r\n{}`],
  ['401', `POST /mcp HTTP/1.1\r\n${hello}Content-Length: 2000\r\n\r\n{`],
  ['403', 'GET /mcp HTTP/1.1\r\nHost: evil.example\r\n\r\n'],
  ['400', `GET /mcp?token=abc HTTP/1.1\r\n${hello}\r\n`],
  ['200', `GET /healthz HTTP/1.1\r\n${hello}\r\n`],
  ['405', `POST /readyz HTTP/1.1\r\n${hello}Content-Length: 0\r\n\r\n`],
])('a stranger keeps no connection after its %s', async (status, text) => {
  const { url } = await start({ requestMs: 2 * PROMPTLY_MS });
  const answer = await sayUntilClosed(url, text);
  expect(answer).toContain(`HTTP/1.1 ${status} `);
  expect(answer.toLowerCase()).toContain('connection: close');
});

it('nor after a 429', async () => {
  const { url } = await start({ strangerRequestsPerMinute: 1 });
  await sayUntilClosed(url, `GET /mcp HTTP/1.1\r\n${hello}\r\n`);
  expect(await sayUntilClosed(url, `GET /mcp HTTP/1.1\r\n${hello}\r\n`)).toContain('HTTP/1.1 429 ');
});

it.each([
  ['ask without a token', `GET /mcp HTTP/1.1\r\n${hello}\r\n`],
  ['say half of something', 'GET /mcp HTTP/1.1\r\nHost: loc'],
  ['say nothing', ''],
])('strangers that hold all the connections they can get, and %s, keep nobody out', async (_what, text) => {
  const { url } = await start({ connections: 40, strangerConnections: 20, headersMs: 3 * PROMPTLY_MS });
  const known = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => known.destroy());
  expect(await askAsFriend(url, known)).toBe(200);
  const sockets: Socket[] = [];
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  let connected = 0;
  for (let at = 0; at < 100; at++) {
    const socket = openSocket(url);
    sockets.push(socket.resume().on('connect', () => connected++));
    if (text !== '') socket.write(text);
  }
  await until(() => connected === 100);
  const own = Object.values(known.freeSockets).flat();
  for (let round = 0; round < 10; round++) expect(await askAsFriend(url)).toBe(200);
  // Whoever has shown a token keeps its connection through all of it.
  expect(await askAsFriend(url, known)).toBe(200);
  expect(Object.values(known.freeSockets).flat()).toEqual(own);
});

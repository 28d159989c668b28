import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { networkInterfaces } from 'node:os';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { SoraError } from '../../src/domain/errors.ts';
import { startHttp as startServer } from '../../src/http-server.ts';
import type { HttpServer } from '../../src/transports/http.ts';
import { aBoard, aReport, type FakeServices, fakeServices } from '../helpers/fake-services.ts';
import { CLIENTS, connectHttp, modern, post, startHttp, TOKENS, until } from '../helpers/http.ts';
import { aMoment, PROMPTLY_MS } from '../helpers/promptly.ts';
import { tempDir } from '../helpers/server.ts';

const wait = (task = 'task_1') =>
  modern('tools/call', { name: 'get_task', arguments: { task_id: task, wait_seconds: 20 } });

/** As `sora-mcp http` starts it, over fake services. */
async function startProduct(local: FakeServices): Promise<HttpServer> {
  const env = { SORA_HTTP_TOKEN: TOKENS.alpha, SORA_DATA_DIR: tempDir() };
  const place = { platform: 'linux', home: '/home/ada', cwd: '/home/ada', now: Date.now() };
  const loaded = await loadConfig({ ...place, argv: ['http', '--port', '0'], env });
  if (!loaded.ok || loaded.config.command.name !== 'http') throw new Error(JSON.stringify(loaded));
  const facts = { version: '0.0.0', sandbox: true, backendIds: [] };
  const running = { facts, services: async () => local, trackSoon: () => {}, untrack: () => {}, close: async () => {} };
  return startServer(loaded.config, loaded.config.command, running, () => {});
}

describe('the start', () => {
  it.each(['0.0.0.0', '::', '192.168.1.5', 'example.com'])('is refused on %s without named hosts', async (host) => {
    await expect(startHttp({ host })).rejects.toThrow(SoraError);
  });

  const six = Object.values(networkInterfaces()).some((each) => each?.some(({ address }) => address === '::1'));
  it.each(['127.0.0.2', 'localhost', ...(six ? ['[::1]', '::1'] : [])])(
    'on %s is reached by the address it tells',
    async (host) => {
      const server = await startHttp({ host });
      onTestFinished(() => server.close());
      expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    },
  );

  it('is refused without a token, everywhere', async () => {
    await expect(startHttp({ tokens: [] })).rejects.toThrow(/token/);
    await expect(startHttp({ tokens: [], host: '0.0.0.0', allowedHosts: ['a.example'] })).rejects.toThrow(/token/);
  });

  it('is refused where somebody listens already, with a hint', async () => {
    const first = await startHttp();
    const port = Number(new URL(first.url).port);
    await expect(startHttp({ port })).rejects.toMatchObject({
      message: expect.stringContaining('in use'),
      hint: expect.any(String),
    });
    await first.close();
  });

  it('with named hosts serves under those names', async () => {
    const server = await startHttp({ host: '0.0.0.0', allowedHosts: ['video.example', 'other.example:8443'] });
    const url = server.url.replace('0.0.0.0', '127.0.0.1');
    const { request } = await import('node:http');
    const statusFor = (host: string) =>
      new Promise((resolve) => {
        const sent = request(`${url}/healthz`, { headers: { host } }, (res) => resolve(res.resume().statusCode));
        sent.end();
      });
    expect(await statusFor('video.example')).toBe(200);
    expect(await statusFor('VIDEO.example:443')).toBe(200);
    expect(await statusFor('other.example:8443')).toBe(200);
    expect(await statusFor('other.example')).toBe(403);
    expect(await statusFor('video.example.evil.example')).toBe(403);
    await server.close();
  });

  it.each([
    ['the first name of a server that others reach', { host: '0.0.0.0' }, /^http:\/\/video\.example:\d+\/files\/t\?/],
    [
      'that name’s own port',
      { host: '0.0.0.0', allowedHosts: ['a.example:8443'] },
      /^http:\/\/a\.example:8443\/files\/t\?/,
    ],
    ['its own address where nobody else reaches it', {}, /^http:\/\/127\.0\.0\.1:\d+\/files\/t\?/],
    ['its address behind a proxy', { publicUrl: 'https://a.example/sora' }, /^https:\/\/a\.example\/sora\/files\/t\?/],
  ])('links to files by %s', async (_, options, link) => {
    const server = await startHttp({ allowedHosts: ['video.example'], ...options });
    expect(server.fileLink('alpha', 't')).toMatch(link);
    await server.close();
  });
});

describe('the end', () => {
  it('lets running calls finish, takes no new ones, and then ends the streams', async () => {
    let finish = () => {};
    const alpha = fakeServices({
      get: () => new Promise((resolve) => (finish = () => resolve(aReport({ progress: 61 })))),
    });
    const server = await startHttp({ fakes: { alpha }, limits: { drainMs: 2 * PROMPTLY_MS } });
    const streams = await Promise.all(CLIENTS.map((kind) => server.connect(kind)));
    const { body, headers } = wait();
    const running = post(`${server.url}/mcp`, body, headers);
    await until(() => (alpha.calls.get?.length ?? 0) === 1);
    const spare = new (await import('node:http')).Agent({ keepAlive: true });

    const closed = server.close();
    let over = false;
    void closed.then(() => (over = true));
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
    await aMoment();
    expect(over).toBe(false);
    finish();

    expect(JSON.stringify(await (await running).json())).toContain('"progress":61');
    const started = performance.now();
    await closed;
    expect(performance.now() - started).toBeLessThan(PROMPTLY_MS);
    spare.destroy();
    for (const client of streams) await client.close();
    expect(alpha.listeners()).toBe(0);
  });

  it('answers on connections that are still open with 503', async () => {
    let finish = () => {};
    const alpha = fakeServices({ get: () => new Promise((resolve) => (finish = () => resolve(aReport()))) });
    const server = await startHttp({ fakes: { alpha }, limits: { drainMs: 2 * PROMPTLY_MS } });
    let read = 0;
    const count = () => {
      read++;
    };
    subscribe('http.server.request.start', count);
    onTestFinished(() => void unsubscribe('http.server.request.start', count));
    const { openSocket } = await import('../helpers/http-raw.ts');
    const { body, headers } = wait();
    const text = JSON.stringify(body);
    const lines = Object.entries({ ...headers, host: 'localhost', authorization: `Bearer ${TOKENS.alpha}` });
    const request = `POST /mcp HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}content-type: application/json\r\naccept: application/json, text/event-stream\r\ncontent-length: ${text.length}\r\n\r\n${text}`;
    const socket = openSocket(server.url);
    let answers = '';
    socket.on('data', (chunk) => {
      answers += chunk;
    });
    socket.write(request);
    await until(() => (alpha.calls.get?.length ?? 0) === 1);
    const closed = server.close();
    // Sent behind the one that runs: it is answered when that one is done.
    socket.write(request);
    await until(() => read === 2);
    finish();
    await until(() => answers.includes('503'));
    expect(answers).toMatch(/^HTTP\/1\.1 200/);
    await closed;
  });

  it('does not wait longer than it may', async () => {
    const alpha = fakeServices({ get: () => new Promise(() => {}) });
    const server = await startHttp({ fakes: { alpha }, limits: { drainMs: 200 } });
    const calls = [];
    for (const kind of CLIENTS) {
      const client = await server.connect(kind);
      calls.push(
        client.callTool({ name: 'get_task', arguments: { task_id: 't', wait_seconds: 40 } }).catch(() => 'ended'),
      );
    }
    await until(() => (alpha.calls.get?.length ?? 0) === CLIENTS.length);
    const started = performance.now();
    await server.close();
    expect(performance.now() - started).toBeLessThan(PROMPTLY_MS);
    expect(performance.now() - started).toBeGreaterThan(190);
  });

  it('ends the waits first: whoever waits for a task is told how far it is', async () => {
    let waits = 0;
    const untilAborted = (signal: AbortSignal | undefined) => {
      waits++;
      return new Promise((resolve) => signal?.addEventListener('abort', resolve, { once: true }));
    };
    const local = fakeServices({
      get: async (_id, _wait, context) => {
        await untilAborted(context?.signal);
        return aReport({ progress: 61 });
      },
      storyboards: {
        get: async (_id, _wait, context) => {
          await untilAborted(context?.signal);
          return aBoard({ title: 'Half a film' });
        },
      },
    });
    const server = await startProduct(local);
    const calls = [];
    for (const kind of CLIENTS) {
      const client = await connectHttp(server.url, kind);
      for (const task_id of ['task_1', 'board_1']) {
        calls.push(client.callTool({ name: 'get_task', arguments: { task_id, wait_seconds: 40 } }));
      }
    }
    await until(() => waits === calls.length);
    const started = performance.now();
    await server.close();
    expect(performance.now() - started).toBeLessThan(PROMPTLY_MS);
    const told = (await Promise.all(calls)).map(({ structuredContent }) => JSON.stringify(structuredContent));
    for (const [at, text] of told.entries()) {
      expect(text).toContain(at % 2 === 0 ? '"progress":61' : 'Half a film');
      expect(text).toContain('next_poll_seconds');
    }
  });

  it.each(CLIENTS)('tells a %s client whose call it cannot finish', async (kind) => {
    const alpha = fakeServices({ generate: () => new Promise(() => {}) });
    const server = await startHttp({ fakes: { alpha }, limits: { drainMs: 50 } });
    const client = await server.connect(kind);
    const called = client.callTool({ name: 'generate_video', arguments: { prompt: 'A fox' } });
    const refused = expect(called).rejects.toThrow(/The server is stopping/);
    await until(() => alpha.calls.generate?.length === 1);
    await server.close();
    await refused;
    await client.close();
  });

  it('tells those who listen in the 2026 protocol that it was meant', async () => {
    const server = await startHttp();
    const { body, headers } = modern('subscriptions/listen', { notifications: { resourcesListChanged: true } });
    const response = await post(`${server.url}/mcp`, body, headers);
    const text = response.text();
    await server.close();
    expect(await text).toContain('"resultType":"complete"');
  });

  it('can be asked for twice', async () => {
    const server = await startHttp();
    await Promise.all([server.close(), server.close()]);
  });
});

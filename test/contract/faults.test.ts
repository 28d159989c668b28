import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { TIMEOUTS } from '../../src/backends/http-port.ts';
import type { BackendDeps } from '../../src/backends/registry.ts';
import { failure, KEY, ORDER, subject } from './subject.ts';
import { type Reply, type Script, startUpstream, type Upstream } from './upstream.ts';

const ended: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const end of ended.splice(0).reverse()) await end();
});

async function facing(script: Script | Reply, deps?: BackendDeps, dialect = 'openai') {
  const upstream: Upstream = await startUpstream(script);
  const made = subject(upstream.origin, dialect, deps);
  ended.push(upstream.close, made.backend.close);
  return { upstream, ...made };
}

const JOB = { id: 'v1', status: 'queued' };

/** From now on clocks stand still until `letTimePass`: short ones would be a race with the machine. */
function stopClocks(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
}

/** As long as no call may take. */
function letTimePass(): undefined {
  vi.advanceTimersByTime(TIMEOUTS.createTotalMs);
}

describe('a create that surely was not taken', () => {
  it.each<[string, Reply, string, boolean]>([
    ['400', { status: 400, body: { error: { message: 'bad size' } } }, 'upstream_rejected', false],
    ['401', { status: 401, body: { error: { message: 'no' } } }, 'auth_failed', false],
    ['402', { status: 402, body: {} }, 'insufficient_funds', false],
    ['403', { status: 403, body: { error: { message: 'Your organization must be verified' } } }, 'auth_failed', false],
    [
      '403 of new-api',
      { status: 403, body: { code: 'insufficient_user_quota', message: 'x' } },
      'insufficient_funds',
      false,
    ],
    ['404', { status: 404, body: { detail: 'Not Found' } }, 'backend_gone', false],
    ['404 of a character', { status: 404, body: { error: 'character char_1 not found' } }, 'not_found', false],
    ['410', { status: 410, body: {} }, 'backend_gone', false],
    [
      '422',
      { status: 422, body: { detail: [{ loc: ['body', 'seconds'], msg: 'not an integer' }] } },
      'upstream_rejected',
      false,
    ],
    ['429', { status: 429, headers: { 'retry-after': '7' }, body: {} }, 'rate_limited', true],
    [
      '429 for want of money',
      { status: 429, body: { error: { code: 'insufficient_quota' } } },
      'insufficient_funds',
      false,
    ],
    ['501', { status: 501 }, 'not_supported', false],
    ['503 with Retry-After', { status: 503, headers: { 'retry-after': '7' } }, 'backend_unavailable', true],
    ['503 with an error', { status: 503, body: { error: { message: 'full' } } }, 'backend_unavailable', true],
    ['a redirect', { status: 307, headers: { location: 'https://elsewhere.example/' } }, 'upstream_rejected', false],
    ['200 with an error', { body: { error: { code: 'bad', message: 'no' } } }, 'upstream_rejected', false],
    ['200 with a code', { body: { code: 429, message: 'slow down', data: null } }, 'rate_limited', true],
    ['200 with success: false', { body: { success: false, message: 'no' } }, 'upstream_rejected', false],
    ['200 with a told 400', { body: { code: 400, message: 'bad size' } }, 'upstream_rejected', false],
    [
      '200 with a told 500 for want of money',
      { body: { code: 500, message: 'quota: 余额不足' } },
      'insufficient_funds',
      false,
    ],
  ])('%s', async (_, reply, code, retryable) => {
    const { backend, upstream, pauses } = await facing(reply);
    const error = await failure(backend.createVideo(ORDER));
    expect(error).toMatchObject({ code, retryable, charged: 'no' });
    expect(error.hint).toBeTruthy();
    if (reply.headers?.['retry-after']) expect(error.retryAfterSeconds).toBe(7);
    expect(upstream.requests).toHaveLength(1);
    expect(pauses).toEqual([]);
  });

  it('nobody listens', async () => {
    const upstream = await startUpstream();
    await upstream.close();
    const { backend } = subject(upstream.origin);
    ended.push(backend.close);
    const error = await failure(backend.createVideo(ORDER));
    expect(error).toMatchObject({ code: 'backend_unavailable', retryable: true, charged: 'no' });
    expect(error.message).toContain('refused');
    expect(error.hint).toContain('Nothing listens');
  });

  it('the name does not resolve', async () => {
    const { backend } = subject('http://sora-mcp-test.invalid');
    ended.push(backend.close);
    const error = await failure(backend.createVideo(ORDER));
    expect(error).toMatchObject({ code: 'backend_unavailable', retryable: true, charged: 'no' });
    expect(error.message).toMatch(/resolve/);
  });

  it('the server speaks no TLS', async () => {
    const upstream = await startUpstream();
    const { backend } = subject(upstream.origin.replace('http:', 'https:'));
    ended.push(upstream.close, backend.close);
    const error = await failure(backend.createVideo(ORDER));
    expect(error).toMatchObject({ code: 'backend_unavailable', retryable: true, charged: 'no' });
    expect(error.hint).toContain('http://');
    expect(upstream.requests).toHaveLength(0);
  });

  it('the TLS handshake never ends', async () => {
    const silent = createServer((socket) => socket.on('error', () => {}).once('data', letTimePass));
    const origin = await listening(silent);
    const { backend } = subject(origin.replace('http:', 'https:'));
    ended.push(backend.close);
    stopClocks();
    expect(await failure(backend.createVideo(ORDER))).toMatchObject({ code: 'backend_unavailable', charged: 'no' });
  });

  it('the caller leaves before it is sent', async () => {
    const { backend, upstream } = await facing({ body: JOB });
    const error = await failure(backend.createVideo(ORDER, { signal: AbortSignal.abort() }));
    expect(error).toMatchObject({ code: 'cancelled', charged: 'no' });
    expect(upstream.requests).toHaveLength(0);
  });
});

describe('a create that may have been taken', () => {
  const scripts: readonly (readonly [string, Script | Reply])[] = [
    ...[408, 409, 500, 502, 504, 520].map((status) => [`${status}`, { status, body: { error: 'x' } }] as const),
    ['a bare 503', { status: 503 }],
    ['a 503 with a web page', { status: 503, headers: { 'content-type': 'text/html' }, body: '<html>' }],
    ['a 503 with plain words', { status: 503, headers: { 'content-type': 'text/plain' }, body: 'overflow' }],
    ['a reset before the answer', (_, __, incoming) => void incoming.socket.destroy()],
    [
      'a reset within the answer',
      (_, response, incoming) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' });
        response.write('{"id":', () => incoming.socket.destroy());
        return undefined;
      },
    ],
    ['no answer', letTimePass],
    [
      'half an answer, then silence',
      (_, response) => {
        response.writeHead(200).write('{"id":', async () => {
          for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
          letTimePass();
        });
        return undefined;
      },
    ],
    ['a web page', { headers: { 'content-type': 'text/html' }, body: '<!doctype html><p>Welcome' }],
    ['a web page called JSON', { headers: { 'content-type': 'application/json' }, body: '<html>' }],
    ['broken JSON', { body: '{"id": "v1"' }],
    ['10 MB of JSON', { body: JSON.stringify({ id: 'v1', blob: 'x'.repeat(10_000_000) }) }],
    ['no id', { body: { status: 'queued' } }],
    ['a fault of its own inside 200', { body: { code: 500, message: 'internal fault' } }],
    ['a told timeout inside 200', { body: { code: 408, message: 'timed out' } }],
    ['nothing', { status: 204 }],
    ['null', { body: null }],
  ];
  it.each(scripts)('%s', async (_, script) => {
    const { backend, upstream } = await facing(script);
    stopClocks();
    const error = await failure(backend.createVideo(ORDER));
    expect(error).toMatchObject({ code: 'answer_lost', retryable: false, charged: 'unknown' });
    expect(error.hint).toContain('Do not send it again');
    expect(upstream.requests).toHaveLength(1);
  });

  it('the caller leaves while it is out', async () => {
    const leaving = new AbortController();
    const { backend, upstream } = await facing(() => void leaving.abort());
    const error = await failure(backend.createVideo(ORDER, { signal: leaving.signal }));
    expect(error).toMatchObject({ code: 'answer_lost', charged: 'unknown', details: { cancelled: true } });
    expect(upstream.requests).toHaveLength(1);
  });

  it('never goes over a connection that was used before', async () => {
    const ports = new Set<number | undefined>();
    const { backend } = await facing((_, __, incoming) => {
      ports.add(incoming.socket.remotePort);
      return { body: JOB };
    });
    for (let at = 0; at < 3; at++) await backend.createVideo(ORDER);
    expect(ports.size).toBe(3);
  });
});

describe('what a refusal says', () => {
  it.each([
    [{ error: { code: 'model_not_found', message: 'The model does not exist' } }, 400, 'backend_gone', /another model/],
    [{ code: 'model_not_found', message: 'No available channel' }, 503, 'backend_gone', /another model/],
    [{ error: { code: 'sentinel_block', message: 'x' } }, 400, 'moderation_blocked', /real person/],
    [
      { error: { message: 'blocked by our moderation system when checking inputs' } },
      400,
      'moderation_blocked',
      /Rephrase/,
    ],
    [{ error: { message: 'Possible reasons: people-in-user-uploads' } }, 400, 'moderation_blocked', /real person/],
    [
      { error: { message: 'Inpaint image must match the requested width and height' } },
      400,
      'upstream_rejected',
      /exactly/,
    ],
    [{ error: { message: 'boom' }, is_bifrost_error: true }, 400, 'upstream_rejected', /./],
  ])('%j', async (body, status, code, hint) => {
    const { backend } = await facing({ status, body });
    const error = await failure(backend.createVideo(ORDER));
    expect(error).toMatchObject({ code, charged: 'no' });
    expect(error.hint).toMatch(hint);
    if (code === 'backend_gone') expect(error.details).toMatchObject({ model: 'sora-2' });
  });

  it.each([
    [
      'create',
      { code: 500, message: 'internal fault' },
      /answered 200 with an error 500 inside: internal fault/,
      '500',
    ],
    ['create', { error: 'no' }, /answered 200 with an error inside: no$/, undefined],
    ['get', { code: 500, message: 'internal fault' }, /answered 200 with an error 500 inside: internal fault$/, '500'],
    ['get', { code: 404, message: 'no such task' }, /answered 200 with an error 404 inside: no such task$/, '404'],
  ])('an error inside 200 is told as that: %s %j', async (operation, body, words, upstreamCode) => {
    const { backend } = await facing({ body }, {}, 'seed');
    const error = await failure(operation === 'create' ? backend.createVideo(ORDER) : backend.getVideo('v1'));
    expect(error.message).toMatch(words);
    expect(error.details?.status).toBe(200);
    if (error.code !== 'answer_lost') expect(error.details?.upstreamCode).toBe(upstreamCode);
  });

  it('never quotes the key', async () => {
    const { backend } = await facing({ status: 401, body: { error: { message: `Incorrect API key: ${KEY}.` } } });
    const error = await failure(backend.createVideo(ORDER));
    expect(error.message).toContain('Incorrect API key: [secret].');
    expect(JSON.stringify(error)).not.toContain(KEY);
  });

  it.each([404, 405, 501])('%i on an operation that many lack: this backend does not do that', async (status) => {
    const { backend } = await facing({ status, body: { detail: 'Not Found' } });
    const source = { kind: 'url', url: 'https://example.com/v.mp4' } as const;
    const seed = (await facing({ status }, {}, 'seed')).backend;
    for (const call of [
      () => backend.listVideos!({ limit: 1 }),
      () => backend.deleteVideo!('v1'),
      () => backend.revise!({ mode: 'remix', remoteTaskId: 'v1', prompt: 'x', model: 'sora-2', idempotencyKey: 'k' }),
      () => seed.createCharacter!({ name: 'n', description: '', source, idempotencyKey: 'k' }),
    ]) {
      const error = await failure(call());
      expect(error).toMatchObject({ code: 'not_supported', charged: 'no' });
      expect(error.message).toContain('this backend does not do that');
    }
  });

  it('a job that is not there is no missing operation', async () => {
    const { backend } = await facing({ status: 404, body: { error: { message: 'Video v1 not found' } } });
    expect(await failure(backend.deleteVideo!('v1'))).toMatchObject({ code: 'not_found' });
    expect(await failure(backend.getVideo('v1'))).toMatchObject({ code: 'not_found' });
  });
});

describe('a read', () => {
  it('is tried again after trouble, with jitter', async () => {
    let calls = 0;
    const { backend, upstream, pauses } = await facing(() => (++calls < 3 ? { status: 502 } : { body: JOB }));
    expect((await backend.getVideo('v1')).state).toBe('queued');
    expect(upstream.requests).toHaveLength(3);
    expect(pauses).toEqual([150, 300]);
  });

  it('waits as long as it is told', async () => {
    let calls = 0;
    const { backend, pauses } = await facing(() =>
      ++calls < 2 ? { status: 429, headers: { 'retry-after': '3' } } : { body: JOB },
    );
    await backend.getVideo('v1');
    expect(pauses).toEqual([3_000]);
  });

  it('does not sit through a long wait', async () => {
    const { backend, upstream } = await facing({ status: 429, headers: { 'retry-after': '60' } });
    expect(await failure(backend.getVideo('v1'))).toMatchObject({ code: 'rate_limited', retryAfterSeconds: 60 });
    expect(upstream.requests).toHaveLength(1);
  });

  it.each([400, 401, 404])('is not repeated after %i', async (status) => {
    const { backend, upstream } = await facing({ status, body: {} });
    await failure(backend.getVideo('v1'));
    expect(upstream.requests).toHaveLength(1);
  });

  it.each<[string, Script | Reply, RegExp]>([
    ['a web page', { headers: { 'content-type': 'text/html' }, body: '<html>' }, /web page/],
    ['10 MB of JSON', { body: `"${'x'.repeat(10_000_000)}"` }, /more than 4 MiB/],
    ['broken JSON', { body: '{' }, /no JSON/],
    ['no answer', letTimePass, /in time/],
    ['a reset', (_, __, incoming) => void incoming.socket.destroy(), /broke off/],
  ])('that gets %s says so', async (_, script, words) => {
    const { backend } = await facing(script);
    stopClocks();
    const error = await failure(backend.getVideo('v1'));
    expect(error).toMatchObject({ retryable: true, charged: 'no' });
    expect(error.message).toMatch(words);
  });

  it('stops when its caller does', async () => {
    const leaving = new AbortController();
    const { backend, upstream } = await facing(() => void leaving.abort());
    expect(await failure(backend.getVideo('v1', { signal: leaving.signal }))).toMatchObject({ code: 'cancelled' });
    expect(upstream.requests).toHaveLength(1);
  });
});

async function listening(server: Server): Promise<string> {
  const sockets = new Set<{ destroy(): unknown }>();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ended.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
}

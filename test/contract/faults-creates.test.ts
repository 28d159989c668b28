import { createServer, type Server } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { facing, JOB, letTimePass, stopClocks } from './facing.ts';
import { DEAD_ORIGIN, failure, ORDER, subject } from './subject.ts';
import { type Reply, type Script, startUpstream } from './upstream.ts';

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
    const { backend } = subject(DEAD_ORIGIN);
    onTestFinished(backend.close);
    const error = await failure(backend.createVideo(ORDER));
    expect(error).toMatchObject({ code: 'backend_unavailable', retryable: true, charged: 'no' });
    expect(error.message).toContain('refused');
    expect(error.hint).toContain('Nothing listens');
  });

  it('the name does not resolve', async () => {
    const { backend } = subject('http://sora-mcp-test.invalid');
    onTestFinished(backend.close);
    const error = await failure(backend.createVideo(ORDER));
    expect(error).toMatchObject({ code: 'backend_unavailable', retryable: true, charged: 'no' });
    expect(error.message).toMatch(/resolve/);
  });

  it('the server speaks no TLS', async () => {
    const upstream = await startUpstream();
    const { backend } = subject(upstream.origin.replace('http:', 'https:'));
    onTestFinished(upstream.close);
    onTestFinished(backend.close);
    const error = await failure(backend.createVideo(ORDER));
    expect(error).toMatchObject({ code: 'backend_unavailable', retryable: true, charged: 'no' });
    expect(error.hint).toContain('http://');
    expect(upstream.requests).toHaveLength(0);
  });

  it('the TLS handshake never ends', async () => {
    const silent = createServer((socket) => socket.on('error', () => {}).once('data', letTimePass));
    const origin = await listening(silent);
    const { backend } = subject(origin.replace('http:', 'https:'));
    onTestFinished(backend.close);
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
    // Their ports would not tell: one that is free again may be given anew.
    const connections = new Set<unknown>();
    const { backend } = await facing((_, __, incoming) => {
      connections.add(incoming.socket);
      return { body: JOB };
    });
    for (let at = 0; at < 3; at++) await backend.createVideo(ORDER);
    expect(connections.size).toBe(3);
  });
});

async function listening(server: Server): Promise<string> {
  const sockets = new Set<{ destroy(): unknown }>();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
}

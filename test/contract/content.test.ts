import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Content } from '../../src/backends/backend.ts';
import { guarded } from '../../src/backends/guarded.ts';
import type { BackendDeps } from '../../src/backends/registry.ts';
import { SoraError } from '../../src/domain/errors.ts';
import { failure, KEY, ORDER, subject } from './subject.ts';
import { startUpstream, type Upstream } from './upstream.ts';

const CLIP = Buffer.from('0123456789');
const VIDEO = { 'content-type': 'video/mp4', 'content-length': '10' };
const ended: (() => Promise<unknown>)[] = [];
let home: Upstream;
let elsewhere: Upstream;

beforeEach(async () => {
  home = await startUpstream();
  elsewhere = await startUpstream({ headers: VIDEO, body: CLIP });
});
afterEach(async () => {
  for (const end of ended.splice(0)) await end();
  await home.close();
  await elsewhere.close();
});

function backend(dialect = 'openai', deps: BackendDeps = {}) {
  const made = subject(home.origin, dialect, deps).backend;
  ended.push(made.close);
  return made;
}

async function drained(content: Content): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content.body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('the key', () => {
  it('goes to the content endpoint', async () => {
    home.reply({ headers: VIDEO, body: CLIP });
    expect(await drained(await backend().openContent({ remoteId: 'v1' }, 'video', 0))).toBe('0123456789');
    expect(home.requests[0]!.headers.authorization).toBe(`Bearer ${KEY}`);
  });

  it('stays behind on a redirect to another origin', async () => {
    home.reply({ status: 302, headers: { location: `${elsewhere.origin}/signed` } });
    expect(await drained(await backend().openContent({ remoteId: 'v1' }, 'video', 0))).toBe('0123456789');
    expect(elsewhere.requests[0]).toMatchObject({ path: '/signed' });
    expect(elsewhere.requests[0]!.headers).not.toHaveProperty('authorization');
  });

  it('does not go to a link elsewhere', async () => {
    const videoUrl = `${elsewhere.origin}/v.mp4`;
    await drained(await backend('seed').openContent({ remoteId: 'v1', videoUrl }, 'video', 0));
    expect(elsewhere.requests[0]!.headers).not.toHaveProperty('authorization');
    expect(home.requests).toHaveLength(0);
  });
});

describe('the guard', () => {
  const refusing = (address: string, url: URL) => {
    throw new SoraError({ code: 'address_not_allowed', message: `${url.host} is at ${address}` });
  };

  it.each(['127.0.0.1', 'localhost'])('is asked before connecting to %s', async (host) => {
    const videoUrl = `${elsewhere.origin.replace('127.0.0.1', host)}/v.mp4`;
    const call = backend('seed', { guard: refusing }).openContent({ remoteId: 'v1', videoUrl }, 'video', 0);
    const error = await failure(call);
    expect(error.code).toBe('address_not_allowed');
    expect(error.message).toMatch(new RegExp(`^${host}:\\d+ is at (127\\.0\\.0\\.1|::1)$`));
    expect(elsewhere.requests).toHaveLength(0);
  });

  it('is asked at every hop', async () => {
    home.reply({ status: 302, headers: { location: `${elsewhere.origin}/signed` } });
    const call = backend('openai', { guard: refusing }).openContent({ remoteId: 'v1' }, 'video', 0);
    expect((await failure(call)).code).toBe('address_not_allowed');
    expect(elsewhere.requests).toHaveLength(0);
  });

  it('lets through what it allows', async () => {
    const asked: string[] = [];
    const guard = (address: string) => void asked.push(address);
    const videoUrl = `${elsewhere.origin.replace('127.0.0.1', 'localhost')}/v.mp4`;
    const made = backend('seed', { guard });
    expect(await drained(await made.openContent({ remoteId: 'v1', videoUrl }, 'video', 0))).toBe('0123456789');
    expect(asked).toContain('127.0.0.1');
  });

  it('lets a caller name nothing of the backend’s own, and gives no key for it', async () => {
    const request = (url: string) => {
      const source = { kind: 'url', url } as const;
      return { name: 'Luna', description: '', source, idempotencyKey: 'k' };
    };
    const inside = request(`${home.origin}/internal/admin`);
    const made = backend('openai', { guard: refusing });
    expect((await failure(made.createCharacter!(inside))).code).toBe('address_not_allowed');
    expect(home.requests).toHaveLength(0);

    const notHome = (address: string, url: URL) => (url.origin === home.origin ? refusing(address, url) : undefined);
    elsewhere.reply({ status: 302, headers: { location: `${home.origin}/internal/admin` } });
    const led = backend('openai', { guard: notHome }).createCharacter!(request(`${elsewhere.origin}/clip.mp4`));
    expect((await failure(led)).code).toBe('address_not_allowed');
    expect(home.requests).toHaveLength(0);
  });

  it('follows a link that leads away and back as a stranger, without the key', async () => {
    elsewhere.reply({ status: 302, headers: { location: `${home.origin}/internal/admin` } });
    const videoUrl = `${elsewhere.origin}/v.mp4`;
    const notHome = (address: string, url: URL) => (url.origin === home.origin ? refusing(address, url) : undefined);
    const led = backend('seed', { guard: notHome }).openContent({ remoteId: 'v1', videoUrl }, 'video', 0);
    expect((await failure(led)).code).toBe('address_not_allowed');

    elsewhere.reply({ status: 302, headers: { location: `${home.origin}/v.mp4` } });
    home.reply({ headers: VIDEO, body: CLIP });
    await drained(await backend('seed').openContent({ remoteId: 'v1', videoUrl }, 'video', 0));
    expect(home.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  it('minds the sources that callers name', async () => {
    const source = { kind: 'url', url: `${elsewhere.origin}/clip.mp4` } as const;
    const request = { name: 'Luna', description: '', source, idempotencyKey: 'k' };
    const error = await failure(backend('openai', { guard: refusing }).createCharacter!(request));
    expect(error).toMatchObject({ code: 'address_not_allowed', charged: 'no' });
    expect(home.requests).toHaveLength(0);
  });
});

describe('a range', () => {
  it('that is honoured', async () => {
    home.reply(({ headers }) => {
      expect(headers.range).toBe('bytes=4-');
      return {
        status: 206,
        headers: { 'content-type': 'video/mp4', 'content-length': '6', 'content-range': 'bytes 4-9/10' },
        body: CLIP.subarray(4),
      };
    });
    const content = await backend().openContent({ remoteId: 'v1' }, 'video', 4);
    expect(content).toMatchObject({ offset: 4, totalBytes: 10, contentType: 'video/mp4' });
    expect(await drained(content)).toBe('456789');
  });

  it('that is ignored', async () => {
    home.reply({ headers: VIDEO, body: CLIP });
    const content = await backend().openContent({ remoteId: 'v1' }, 'video', 4);
    expect(content).toMatchObject({ offset: 0, totalBytes: 10 });
    await drained(content);
  });

  it('beyond the end starts anew', async () => {
    home.reply(({ headers }) => (headers.range ? { status: 416 } : { headers: VIDEO, body: CLIP }));
    expect(await backend().openContent({ remoteId: 'v1' }, 'video', 40)).toMatchObject({ offset: 0, totalBytes: 10 });
  });
});

describe('a file that is not where it was', () => {
  it.each([403, 404, 410])('a link that answers %i is asked for anew', async (status) => {
    elsewhere.reply(({ path }) => (path === '/new' ? { headers: VIDEO, body: CLIP } : { status }));
    home.reply({ body: { status: 'completed', video_url: `${elsewhere.origin}/new` } });
    const videoUrl = `${elsewhere.origin}/old`;
    expect(await drained(await backend('seed').openContent({ remoteId: 'v1', videoUrl }, 'video', 0))).toBe(
      '0123456789',
    );
    expect(elsewhere.requests.map(({ path }) => path)).toEqual(['/old', '/new']);
  });

  it('a dead link is followed by the content endpoint', async () => {
    elsewhere.reply({ status: 410 });
    home.reply({ headers: VIDEO, body: CLIP });
    const videoUrl = `${elsewhere.origin}/old`;
    await drained(await backend('gateway').openContent({ remoteId: 'v1', videoUrl }, 'video', 0));
    expect(home.requests[0]!.path).toBe('/v1/videos/v1/content');
  });

  it('is gone', async () => {
    home.reply({ status: 404, body: { error: { message: 'expired' } } });
    const error = await failure(backend().openContent({ remoteId: 'v1' }, 'video', 0));
    expect(error.code).toBe('link_expired');
    expect(error.message).toContain('expired');
  });

  it.each([
    ['a web page', { headers: { 'content-type': 'text/html' }, body: '<html>' }, /web page/],
    ['JSON', { body: { error: 'not ready' } }, /not ready/],
    ['trouble', { status: 500, body: { error: 'disk' } }, /disk/],
  ])('%s comes instead', async (_, reply, words) => {
    home.reply(reply);
    const error = await failure(backend().openContent({ remoteId: 'v1' }, 'video', 0));
    expect(error).toMatchObject({ code: 'download_failed', retryable: true });
    expect(error.message).toMatch(words);
  });

  it('breaks off on the way', async () => {
    home.reply((_, response, incoming) => {
      response.writeHead(200, { ...VIDEO, 'content-length': '500' });
      response.write(CLIP, () => setImmediate(() => incoming.socket.destroy()));
      return undefined;
    });
    const content = await backend().openContent({ remoteId: 'v1' }, 'video', 0);
    expect(await failure(drained(content))).toMatchObject({ code: 'download_failed', retryable: true });
  });

  it('goes round in circles', async () => {
    home.reply({ status: 302, headers: { location: '/v1/videos/v1/content' } });
    expect((await failure(backend().openContent({ remoteId: 'v1' }, 'video', 0))).code).toBe('download_failed');
  });

  it('has no thumbnail on this dialect', async () => {
    const error = await failure(backend('sglang').openContent({ remoteId: 'v1' }, 'thumbnail', 0));
    expect(error.code).toBe('not_supported');
    expect(home.requests).toHaveLength(0);
  });
});

it('a source that cannot be fetched says nothing about the backend', async () => {
  elsewhere.reply({ status: 404 });
  for (const url of [`${elsewhere.origin}/clip.mp4`, 'http://sora-mcp-test.invalid/clip.mp4']) {
    const source = { kind: 'url', url } as const;
    const call = backend().createCharacter!({ name: 'Luna', description: '', source, idempotencyKey: 'k' });
    expect(await failure(call)).toMatchObject({ code: 'file_invalid', field: 'video_url', charged: 'no' });
  }
  expect(home.requests).toHaveLength(0);
});

it('a source that cannot be fetched takes nobody’s place among the creates', async () => {
  elsewhere.reply({ status: 404 });
  const limits = { createsPerMinute: 1 };
  const breaker = { failures: 1, restMs: 1_000, longestRestMs: 1_000 };
  const made = guarded(backend(), { clock: Date.now, limits, breaker });
  const source = { kind: 'url', url: `${elsewhere.origin}/clip.mp4` } as const;
  for (let at = 0; at < 3; at++) {
    const call = made.createCharacter!({ name: 'Luna', description: '', source, idempotencyKey: 'k' });
    expect((await failure(call)).code).toBe('file_invalid');
  }
  expect(made.health().state).toBe('up');
  home.reply({ body: { id: 'v1', object: 'video', status: 'queued' } });
  expect(await made.createVideo(ORDER)).toMatchObject({ remoteId: 'v1' });
  expect((await failure(made.createVideo(ORDER))).code).toBe('rate_limited');
  expect(home.requests).toHaveLength(1);
});

it('leaving a download early frees its connection', async () => {
  let freed = () => {};
  const closed = new Promise<void>((resolve) => {
    freed = resolve;
  });
  home.reply((_, response, incoming) => {
    incoming.socket.once('close', freed);
    response.writeHead(200, VIDEO);
    response.write('01');
    return undefined;
  });
  const content = await backend().openContent({ remoteId: 'v1' }, 'video', 0);
  for await (const _ of content.body) break;
  await closed;
});

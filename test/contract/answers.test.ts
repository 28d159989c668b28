import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { DialectBackend } from '../../src/backends/registry.ts';
import { dialectNamed, dialectNames, parseDialect } from '../../src/backends/registry.ts';
import { KEY, ORDER, subject } from './subject.ts';
import { startUpstream, type Upstream } from './upstream.ts';

let upstream: Upstream;
const open: DialectBackend[] = [];

beforeAll(async () => {
  upstream = await startUpstream();
});
afterEach(async () => {
  for (const backend of open.splice(0)) await backend.close();
});
afterAll(() => upstream.close());

function speaking(dialect: string, changes?: Parameters<typeof subject>[3]): DialectBackend {
  const { backend } = subject(upstream.origin, dialect, {}, changes);
  open.push(backend);
  return backend;
}

async function told(body: unknown, dialect = 'gateway') {
  upstream.reply({ body });
  return await speaking(dialect).getVideo('v1');
}

describe('each status word', () => {
  it.each([
    ['queued', 'queued pending submitted not_start preparing created starting waiting queuing NOT_START Submitted'],
    [
      'in_progress',
      'processing in_progress running generating IN_PROGRESS unknown moderating almost-there In Progress',
    ],
    ['completed', 'completed complete success succeeded finished done SUCCESS Completed'],
    ['failed', 'failed failure fail error cancelled canceled FAILURE'],
    ['expired', 'deleted expired'],
  ])('%s', async (state, words) => {
    for (const status of words.split(' ')) expect((await told({ id: 'v1', status })).state, status).toBe(state);
  });

  it('a dialect may add words', async () => {
    const dialect = parseDialect({ extends: 'gateway', answer: { statusWords: { baked: 'completed' } } });
    upstream.reply({ body: { id: 'v1', status: 'Baked' } });
    expect((await speaking('gateway', { dialect }).getVideo('v1')).state).toBe('completed');
  });

  it('none at all means still running', async () => {
    expect((await told({ id: 'v1' })).state).toBe('in_progress');
  });
});

describe('each form of progress', () => {
  it.each([
    [36, 36],
    [0.36, 36],
    ['36%', 36],
    ['36.0%', 36],
    ['0.36', 36],
    [0, 0],
    [1, 1],
    [100, 100],
    [250, 100],
    [-3, 0],
    ['soon', undefined],
    [null, undefined],
    [{}, undefined],
  ])('%j is %j', async (progress, expected) => {
    expect((await told({ id: 'v1', status: 'running', progress })).progress).toBe(expected);
  });

  it.each(['failed', 'expired'])('is not told of a job that %s', async (status) => {
    expect(await told({ id: 'v1', status, progress: '100%' })).not.toHaveProperty('progress');
  });
});

describe('each form of a failed job', () => {
  it.each([
    ['a text', { error: 'blocked' }, { message: 'blocked' }],
    [
      'an object',
      { error: { code: 'moderation_blocked', message: 'no' } },
      { code: 'moderation_blocked', message: 'no' },
    ],
    ['an integer code', { error: { code: 500, message: 'oom' } }, { code: '500', message: 'oom' }],
    ['a code alone', { error: { code: 'expired_input' } }, { code: 'expired_input', message: 'expired_input' }],
    ['fail_reason', { fail_reason: 'no credit' }, { message: 'no credit' }],
    ['failMsg', { failMsg: 'no credit' }, { message: 'no credit' }],
    ['error_message', { error_message: 'no credit' }, { message: 'no credit' }],
    ['JSON in a text', { error: '{"error":{"code":"x","message":"y"}}' }, { code: 'x', message: 'y' }],
    ['an empty text', { error: '' }, undefined],
    ['null', { error: null }, undefined],
  ])('%s', async (_, fields, expected) => {
    const video = await told({ id: 'v1', status: 'failed', ...fields });
    expect(video.state).toBe('failed');
    if (expected === undefined) expect(video).not.toHaveProperty('error');
    else expect(video.error).toEqual({ code: undefined, ...expected });
  });

  it('cleans, caps and redacts what it says', async () => {
    const video = await told({ id: 'v1', status: 'failed', error: `bad\u0000 key ${KEY}\n${'x'.repeat(2_000)}` });
    expect(video.error?.message).toMatch(/^bad key \[secret\] x+…$/);
    expect(video.error?.message.length).toBe(500);
  });

  it('a moderated job that is called completed has failed', async () => {
    const video = await told({ id: 'v1', status: 'completed', error: { code: 'moderation_blocked', message: 'no' } });
    expect(video).toMatchObject({ state: 'failed', error: { code: 'moderation_blocked' } });
  });

  it.each([
    { code: 0 },
    { code: 0, message: '' },
    { code: 'success', message: 'ok' },
    { code: 200, message: 'OK' },
    { type: 'none' },
    { code: null, message: null },
    '{"code":0,"message":"success"}',
  ])('one that is completed stays so with the error %j', async (error) => {
    expect(await told({ id: 'v1', status: 'completed', error })).toEqual({ remoteId: 'v1', state: 'completed' });
  });
});

describe('each place of the file', () => {
  const URL_ = 'https://cdn.example/v.mp4';
  it.each([
    ['gateway', { video_url: URL_ }],
    ['gateway', { url: URL_ }],
    ['gateway', { content_url: URL_ }],
    ['gateway', { metadata: { url: URL_ } }],
    ['gateway', { data: { video_url: URL_ } }],
    ['bifrost', { videos: [{ url: URL_ }] }],
    ['sglang', { url: URL_ }],
    ['seed', { video_url: URL_ }],
    ['unified-v2', { data: { output: URL_ } }],
    ['xai', { video: { url: URL_ } }],
    ['new-api', { metadata: { url: URL_ } }],
    ['litellm', { video_url: URL_ }],
    ['sora-v1', { video_url: URL_ }],
    ['openrouter', { urls: [URL_], unsigned_urls: ['https://other.example/v.mp4'] }],
    ['openrouter', { unsigned_urls: [URL_] }],
    ['openrouter', { urls: [], unsigned_urls: [URL_] }],
    ['openrouter', { urls: [null], unsigned_urls: [URL_] }],
  ])('%s: %j', async (dialect, fields) => {
    expect((await told({ status: 'completed', ...fields }, dialect)).videoUrl).toBe(URL_);
  });

  it('a relative address counts from the base URL', async () => {
    expect((await told({ id: 'v1', status: 'completed', url: '/files/v1.mp4' })).videoUrl).toBe(
      `${upstream.origin}/files/v1.mp4`,
    );
  });

  it.each(['ftp://example.com/v.mp4', 'file:///etc/passwd', 'javascript:1', ''])('%j is no address', async (url) => {
    expect(await told({ id: 'v1', status: 'completed', url })).not.toHaveProperty('videoUrl');
  });

  it('an address that quotes the key is kept back, and found again for the download', async () => {
    upstream.reply(({ path }) =>
      path.startsWith('/signed')
        ? { headers: { 'content-type': 'video/mp4' }, body: 'mp4' }
        : { body: { status: 'completed', video_url: `/signed?key=${KEY}` } },
    );
    const backend = speaking('seed');
    const video = await backend.getVideo('v1');
    expect(video).not.toHaveProperty('videoUrl');
    const { body } = await backend.openContent(video, 'video', 0);
    const chunks = [];
    for await (const chunk of body) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe('mp4');
  });
});

describe('each envelope', () => {
  const answer = { envelopes: ['data.resultJson', 'data', 'result_data', 'results[0]', ''] };
  const dialect = parseDialect({ extends: 'seed', name: 'wrapped', answer });
  it.each([
    [
      'data',
      { code: 200, msg: 'success', data: { task_id: 'v1', status: 'SUCCESS', video_url: 'https://c.example/v' } },
    ],
    ['result_data', { result_data: { task_id: 'v1', status: 'done', video_url: 'https://c.example/v' } }],
    ['results[0]', { results: [{ task_id: 'v1', status: 'done', video_url: 'https://c.example/v' }] }],
    ['JSON in a text', { data: { resultJson: '{"task_id":"v1","status":"done","video_url":"https://c.example/v"}' } }],
    ['the top', { task_id: 'v1', status: 'done', video_url: 'https://c.example/v' }],
  ])('%s', async (_, body) => {
    upstream.reply({ body });
    expect(await speaking('seed', { dialect }).getVideo('v1')).toEqual({
      remoteId: 'v1',
      state: 'completed',
      videoUrl: 'https://c.example/v',
    });
  });
});

describe('a job', () => {
  it('has only what the upstream said, in our units', async () => {
    const video = await told({
      id: 'v1',
      status: 'running',
      progress: 36,
      model: 'sora-2',
      prompt: 'a\u0007 cat',
      seconds: '8',
      size: '1280x720',
      created_at: 1_758_000_000,
      completed_at: null,
      expires_at: '2026-01-01T00:00:00Z',
      novel: { field: true },
    });
    expect(video).toEqual({
      remoteId: 'v1',
      state: 'in_progress',
      progress: 36,
      model: 'sora-2',
      prompt: 'a cat',
      seconds: 8,
      size: '1280x720',
      createdAt: 1_758_000_000_000,
      expiresAt: Date.UTC(2026, 0, 1),
    });
  });

  it.each([
    [{ 'openai-poll-after-ms': '15000' }, 15_000],
    [{ 'retry-after': '20' }, 20_000],
    [{ 'openai-poll-after-ms': '99999999' }, 600_000],
  ])('%j asks for a pause', async (headers, pause) => {
    upstream.reply({ headers: headers as Record<string, string>, body: { id: 'v1', status: 'queued' } });
    expect((await speaking('openai').getVideo('v1')).pollAfterMs).toBe(pause);
  });

  it('that is another one is never believed', async () => {
    upstream.reply({ body: { id: 'v2', status: 'completed' } });
    await expect(speaking('openai').getVideo('v1')).rejects.toMatchObject({ code: 'upstream_error', retryable: true });
  });

  it.each([
    { status: 'error', message: 'rate limit exceeded' },
    { status: 'failed' },
    { status: 'success', message: 'ok' },
    { status: 'expired' },
  ])('is not ended by %j, without an id where answers have one', async (body) => {
    upstream.reply({ body });
    for (const dialect of dialectNames().filter((name) => dialectNamed(name).answer.getHasId)) {
      const call = speaking(dialect).getVideo('v1');
      await expect(call, dialect).rejects.toMatchObject({ code: 'upstream_error', retryable: true });
    }
  });

  it.each([
    ['seed', { status: 'failed', error: 'no' }, 'failed'],
    ['unified-v2', { status: 'FAILURE', fail_reason: 'no' }, 'failed'],
    ['xai', { status: 'expired' }, 'expired'],
  ])('of %s is known without an id', async (dialect, body, state) => {
    expect(await told(body, dialect)).toMatchObject({ remoteId: 'v1', state });
  });

  it.each(['..', '.', ' ', ''])('with the id %j leads nowhere', async (id) => {
    const before = upstream.requests.length;
    await expect(speaking('openai').getVideo(id)).rejects.toMatchObject({ code: 'not_found' });
    expect(upstream.requests.length).toBe(before);
  });

  it('is not ordered with what the dialect cannot say', async () => {
    const before = upstream.requests.length;
    const character = { remoteId: 'c', name: 'Luna' };
    const backend = speaking('azure');
    for (const more of [{ characters: [character] }, { referenceVideo: 'https://example.com/v.mp4' }]) {
      await expect(backend.createVideo({ ...ORDER, ...more })).rejects.toMatchObject({
        code: 'not_supported',
        charged: 'no',
      });
    }
    expect(upstream.requests.length).toBe(before);
  });

  it.each(['file', 'url'] as const)(
    'is not ordered with characters beside a picture that must be uploaded: %s',
    async (kind) => {
      const before = upstream.requests.length;
      const referenceImage = kind === 'file' ? { kind, path: '/tmp/a.png' } : { kind, url: `${upstream.origin}/a.png` };
      const characters = [{ remoteId: 'c', name: 'Luna' }];
      const call = speaking('litellm').createVideo({ ...ORDER, prompt: 'Luna', characters, referenceImage });
      await expect(call).rejects.toMatchObject({ code: 'not_supported', field: 'reference_image', charged: 'no' });
      expect(upstream.requests.length).toBe(before);
    },
  );
});

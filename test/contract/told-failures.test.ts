import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { failure, ORDER, subject } from './subject.ts';
import { type Reply, startUpstream, type Upstream } from './upstream.ts';

let upstream: Upstream;
const open: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  upstream = await startUpstream();
});
afterEach(async () => {
  for (const backend of open.splice(0)) await backend.close();
});
afterAll(() => upstream.close());

async function refusalOf(reply: Reply) {
  upstream.reply(reply);
  const { backend } = subject(upstream.origin);
  open.push(backend);
  return await failure(backend.createVideo(ORDER));
}

const TURNED_AWAY = [
  { error: { message: 'The engine is currently overloaded, please try again later' } },
  { error: { code: 'server_overloaded' } },
  { error: { code: 'no_capacity', message: 'none left' } },
  { error: { code: 'model_loading', message: 'wait' } },
  { error: 'Model is currently loading' },
  { detail: 'The request queue is full.' },
  { error: { message: 'Your request was not accepted' } },
  { message: '系统繁忙，请稍后再试' },
  { code: 'model_not_found', message: 'No available channel for sora-2' },
];

const UNSAID = [
  { error: { message: 'upstream request timeout' } },
  { error: { message: 'upstream connect error or disconnect/reset before headers. reset reason: overflow' } },
  { error: { message: 'The gateway timed out, please try again later' } },
  { error: { message: 'Service temporarily unavailable' } },
  { error: { code: 'service_unavailable', message: 'Service Unavailable' } },
  { error: 'x' },
  {},
];

describe('a create that got 503', () => {
  it.each(TURNED_AWAY)('was not taken when it says so: %j', async (body) => {
    for (const reply of [{ status: 503, body }, { body: { ...body, status: 503 } }]) {
      expect(await refusalOf(reply)).toMatchObject({ charged: 'no' });
    }
  });

  it.each(UNSAID)('may have been taken when it does not: %j', async (body) => {
    for (const reply of [{ status: 503, body }, { body: { ...body, status: 503 } }]) {
      expect(await refusalOf(reply)).toMatchObject({ code: 'answer_lost', charged: 'unknown', retryable: false });
    }
  });

  it('may go out again after Retry-After, unless somebody in between lost sight of it', async () => {
    const headers = { 'retry-after': '7' };
    expect(await refusalOf({ status: 503, headers })).toMatchObject({ code: 'backend_unavailable', retryable: true });
    const body = { error: { message: 'upstream request timeout' } };
    expect(await refusalOf({ status: 503, headers, body })).toMatchObject({ code: 'answer_lost', charged: 'unknown' });
  });
});

describe('a create that got 200', () => {
  it.each([
    { code: 504, message: 'upstream timeout' },
    { status: 502, error: 'Bad Gateway' },
    { code: 'internal_error', message: 'timeout waiting for task', data: null },
    { error: { message: 'connection reset by peer' } },
    { success: false, message: 'server error' },
    { detail: 'accepted, processing' },
    { detail: 'ok', code: 200 },
    { code: 10_000, message: 'Success', data: { task: 't' } },
    { code: 1, msg: 'ok' },
    { code: 'accepted', message: 'in line' },
    { type: 'video.task', message: 'made soon' },
  ])('with %j may have been taken', async (body) => {
    expect(await refusalOf({ body })).toMatchObject({ code: 'answer_lost', charged: 'unknown', retryable: false });
  });

  it.each([
    { code: 400, message: 'bad size' },
    { code: 422, detail: [{ loc: ['body', 'seconds'], msg: 'not an integer' }] },
    { status: 400, detail: 'bad size' },
    { code: 'invalid_size', message: 'no' },
    { success: false, message: 'no' },
    { error: { code: 'bad', message: 'no' } },
    { fail_reason: 'no' },
  ])('with %j was refused', async (body) => {
    expect(await refusalOf({ body })).toMatchObject({ code: 'upstream_rejected', charged: 'no' });
  });
});

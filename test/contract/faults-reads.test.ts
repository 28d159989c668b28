import { describe, expect, it } from 'vitest';
import { facing, JOB, letTimePass, stopClocks } from './facing.ts';
import { failure } from './subject.ts';
import type { Reply, Script } from './upstream.ts';

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

import { beforeEach, describe, expect, it } from 'vitest';
import type { Backend, CallContext, CreateVideo, RemoteVideo } from '../../src/backends/backend.ts';
import { createBreaker } from '../../src/backends/breaker.ts';
import { type GoneFact, type GoneMemory, shortMemory } from '../../src/backends/gone-memory.ts';
import { guarded } from '../../src/backends/guarded.ts';
import { dialectNamed, profileOf } from '../../src/backends/registry.ts';
import { SoraError } from '../../src/domain/errors.ts';

const START = Date.UTC(2026, 10, 22, 12);
let now = START;
const clock = () => now;
beforeEach(() => {
  now = START;
});

describe('a breaker', () => {
  const policy = { failures: 2, restMs: 1_000, longestRestMs: 3_000 };

  it('opens after failures in a row only', () => {
    const breaker = createBreaker(policy, clock);
    breaker.failed('x');
    breaker.succeeded();
    breaker.failed('x');
    expect(breaker.admit()).toBe(true);
    breaker.failed('the last');
    expect(breaker.admit()).toBe(false);
    expect(breaker.state()).toEqual({ state: 'open', until: now + 1_000, reason: 'the last' });
  });

  it('lets one trial through, which decides', () => {
    const breaker = createBreaker(policy, clock);
    breaker.failed('x');
    breaker.failed('x');
    now += 1_000;
    expect([breaker.admit(), breaker.admit()]).toEqual([true, false]);
    breaker.failed('still');
    expect(breaker.state()).toMatchObject({ until: now + 2_000 });
    now += 2_000;
    expect(breaker.admit()).toBe(true);
    breaker.abstained();
    expect(breaker.admit()).toBe(true);
    breaker.failed('still');
    expect(breaker.state()).toMatchObject({ until: now + 3_000 });
    now += 3_000;
    breaker.admit();
    breaker.succeeded();
    expect(breaker.state()).toEqual({ state: 'closed' });
    expect([breaker.admit(), breaker.admit()]).toEqual([true, true]);
  });

  it('rests no longer because the clock is set back', () => {
    const breaker = createBreaker(policy, clock);
    breaker.failed('x');
    breaker.failed('x');
    now -= 86_400_000;
    expect(breaker.state()).toMatchObject({ state: 'open', until: now });
    expect([breaker.admit(), breaker.admit()]).toEqual([true, false]);
  });
});

describe('a guarded backend', () => {
  const dialect = dialectNamed('openai');
  const profile = profileOf({ id: 'b', route: 'forwarding', dialect, baseUrl: new URL('http://engine.local/v1') });
  const order: CreateVideo = { prompt: 'x', model: 'sora-2', seconds: 4, characters: [], idempotencyKey: 'k' };
  const JOB: RemoteVideo = { remoteId: 'v1', state: 'queued' };

  function around(outcomes: (RemoteVideo | SoraError)[], limits = {}, memory?: GoneMemory) {
    const calls: string[] = [];
    const next = async (what: string, context: CallContext | undefined) => {
      context?.sending?.();
      calls.push(what);
      const outcome = outcomes.shift() ?? JOB;
      if (outcome instanceof SoraError) throw outcome;
      return outcome;
    };
    const notices: { sunset?: number; deprecation?: string } = {};
    const inner: Backend & { notices(): typeof notices } = {
      profile,
      createVideo: (_, context) => next('create', context),
      getVideo: (_, context) => next('get', context),
      openContent: () => Promise.reject(new SoraError({ code: 'download_failed', message: 'x' })),
      probe: async () => ({ reachable: true, speaks: true, authenticated: true }),
      close: async () => {},
      notices: () => notices,
    };
    const breaker = { failures: 2, restMs: 1_000, longestRestMs: 60_000 };
    return { backend: guarded(inner, { clock, limits, breaker, memory }), calls, notices };
  }

  const error = (code: SoraError['code'], more: object = {}) =>
    new SoraError({ code, message: `it said ${code}`, details: { status: 500 }, ...more });
  const refused = (call: Promise<unknown>) => call.catch((thrown: unknown) => thrown as SoraError);

  it('refuses a create beyond the limit here, at once and for free', async () => {
    const { backend, calls } = around([], { createsPerMinute: 1 });
    await backend.createVideo(order);
    expect(await refused(backend.createVideo(order))).toMatchObject({
      code: 'rate_limited',
      retryable: true,
      charged: 'no',
      retryAfterSeconds: 61,
    });
    expect(calls).toEqual(['create']);
    await backend.getVideo('v1');
    now += 61_000;
    await backend.createVideo(order);
    expect(calls).toEqual(['create', 'get', 'create']);
  });

  it('limits reads by themselves', async () => {
    const { backend } = around([], { readsPerMinute: 1 });
    await backend.getVideo('v1');
    expect(await refused(backend.getVideo('v1'))).toMatchObject({ code: 'rate_limited', retryAfterSeconds: 61 });
    await backend.createVideo(order);
  });

  it('keeps still for a minute at most where one job’s answer asks for an hour', async () => {
    const { backend } = around([error('rate_limited', { retryable: true, retryAfterSeconds: 3_600 })]);
    await refused(backend.getVideo('v1'));
    expect(await refused(backend.getVideo('v2'))).toMatchObject({ code: 'rate_limited', retryAfterSeconds: 60 });
    now += 60_000;
    await backend.getVideo('v2');
  });

  it('keeps still as long as the upstream asked', async () => {
    const { backend, calls } = around([error('rate_limited', { retryable: true, retryAfterSeconds: 30 })]);
    await refused(backend.getVideo('v1'));
    expect(await refused(backend.getVideo('v1'))).toMatchObject({ code: 'rate_limited', retryAfterSeconds: 30 });
    expect(calls).toHaveLength(1);
    now += 30_000;
    await backend.getVideo('v1');
    expect(calls).toHaveLength(2);
  });

  it('stops calling what is down, and tries it after a while', async () => {
    const { backend, calls } = around([error('backend_unavailable'), error('upstream_error'), error('answer_lost')]);
    await refused(backend.getVideo('v1'));
    expect(backend.health()).toEqual({ state: 'up', goneModels: {} });
    await refused(backend.getVideo('v1'));
    expect(backend.health()).toMatchObject({ state: 'down', until: now + 1_000, reason: 'it said upstream_error' });
    expect(await refused(backend.createVideo(order))).toMatchObject({
      code: 'backend_unavailable',
      retryable: true,
      charged: 'no',
      retryAfterSeconds: 1,
    });
    expect(calls).toHaveLength(2);
    now += 1_000;
    await refused(backend.createVideo(order));
    expect(backend.health()).toMatchObject({ state: 'down', until: now + 2_000 });
    now += 2_000;
    await backend.getVideo('v1');
    expect(backend.health()).toEqual({ state: 'up', goneModels: {} });
  });

  it.each([
    ['a refusal', error('upstream_rejected')],
    ['a cancelled call', error('cancelled')],
    ['a lost answer of a caller who left', error('answer_lost', { details: { cancelled: true } })],
    ['a bad argument', error('file_invalid', { details: undefined })],
  ])('%s is no sign of trouble', async (_, outcome) => {
    const { backend } = around([outcome, outcome, outcome]);
    for (let at = 0; at < 3; at++) await refused(backend.createVideo(order));
    expect(backend.health().state).toBe('up');
  });

  it('remembers that it is gone, for a while; jobs can still be asked about', async () => {
    const { backend, calls } = around([error('backend_gone')]);
    await refused(backend.createVideo(order));
    expect(backend.health()).toMatchObject({ state: 'gone', until: now + 900_000, reason: 'it said backend_gone' });
    expect(await refused(backend.createVideo(order))).toMatchObject({ code: 'backend_gone', charged: 'no' });
    await backend.getVideo('v1');
    expect(calls).toEqual(['create', 'get']);
    now += 900_000;
    expect(backend.health().state).toBe('up');
    await backend.createVideo(order);
    expect(calls).toHaveLength(3);
  });

  it('remembers the models it does not have', async () => {
    const { backend, calls } = around([error('backend_gone', { details: { status: 400, model: 'sora-2' } })]);
    await refused(backend.createVideo(order));
    expect(backend.health()).toEqual({ state: 'up', goneModels: { 'sora-2': now + 900_000 } });
    expect(await refused(backend.createVideo(order))).toMatchObject({ details: { model: 'sora-2' } });
    await backend.createVideo({ ...order, model: 'sora-2-pro' });
    expect(calls).toHaveLength(2);
    now += 900_000;
    expect(backend.health().goneModels).toEqual({});
  });

  it('believes nothing to be gone for longer than it ever does: the clock was set back', async () => {
    const model = { details: { status: 400, model: 'sora-2-pro' } };
    const { backend, calls } = around([error('backend_gone', model), error('backend_gone')]);
    await refused(backend.createVideo({ ...order, model: 'sora-2-pro' }));
    await refused(backend.createVideo(order));
    expect(backend.health().state).toBe('gone');
    now -= 86_400_000;
    expect(backend.health()).toEqual({ state: 'up', goneModels: {} });
    await backend.createVideo(order);
    expect(calls).toHaveLength(3);
  });

  it('tells an announced end, also after a restart, until nobody speaks of it any more', async () => {
    const memory = shortMemory(clock);
    const { backend, notices } = around([], {}, memory);
    expect(backend.health()).toEqual({ state: 'up', goneModels: {} });
    notices.deprecation = 'true';
    await backend.getVideo('v1');
    expect(backend.health()).toEqual({ state: 'up', reason: 'announced as deprecated', goneModels: {} });
    notices.sunset = Date.UTC(2026, 11, 1);
    await backend.getVideo('v1');
    const again = around([], {}, memory).backend;
    expect(again.health()).toEqual({ state: 'up', reason: 'announced to end on 2026-12-01', goneModels: {} });
    now += 10 * 86_400_000;
    expect(again.health()).toMatchObject({ state: 'up', reason: 'announced to have ended on 2026-12-01' });
    now += 25 * 86_400_000;
    expect(again.health()).toEqual({ state: 'up', goneModels: {} });
  });

  it('keeps what is announced once a day, and at no answer’s cost', async () => {
    const kept: GoneFact[] = [];
    const memory: GoneMemory = {
      ...shortMemory(clock),
      recall: () => kept,
      remember: (fact) => void kept.unshift(fact),
    };
    const { backend, notices } = around([], {}, memory);
    notices.sunset = Date.UTC(2027, 0, 1);
    for (let hour = 0; hour < 47; hour++, now += 3_600_000) await backend.getVideo('v1');
    expect(kept).toHaveLength(2);
    const full = () => {
      throw new Error('the disk is full');
    };
    const other = around([], {}, { ...memory, recall: () => [], remember: full });
    other.notices.sunset = notices.sunset;
    expect(await other.backend.createVideo(order)).toEqual(JOB);
  });

  it('has only the operations that the backend has', () => {
    const { backend } = around([]);
    expect(backend).not.toHaveProperty('listVideos');
    expect(backend).not.toHaveProperty('createCharacter');
  });

  it('is up again when a probe says so', async () => {
    const { backend } = around([error('backend_unavailable'), error('backend_unavailable')]);
    await refused(backend.getVideo('v1'));
    await refused(backend.getVideo('v1'));
    await backend.probe();
    expect(backend.health().state).toBe('up');
  });
});

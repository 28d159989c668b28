import { describe, expect, it } from 'vitest';
import { READ_RETRIES, retrying, sleep } from '../../src/backends/retry.ts';
import { retryAfterMs, retryAfterSeconds } from '../../src/backends/retry-after.ts';
import { SoraError } from '../../src/domain/errors.ts';

const NOW = Date.UTC(2026, 10, 22, 12);

describe('Retry-After', () => {
  it.each([
    [{}, undefined],
    [{ 'retry-after': '3' }, 3_000],
    [{ 'retry-after': ' 0.5 ' }, 500],
    [{ 'retry-after': 'Sun, 22 Nov 2026 12:00:10 GMT' }, 10_000],
    [{ 'retry-after': 'Sun, 22 Nov 2026 11:00:00 GMT' }, 0],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '-5' }, undefined],
    [{ 'retry-after': '' }, undefined],
    [{ 'retry-after-ms': '250', 'retry-after': '9' }, 250],
    [{ 'retry-after-ms': 'x', 'retry-after': '9' }, 9_000],
    // Their clock is an hour ahead: only the difference counts.
    [{ 'retry-after': 'Sun, 22 Nov 2026 13:00:05 GMT', date: 'Sun, 22 Nov 2026 13:00:00 GMT' }, 5_000],
  ])('%j is %j ms', (headers, expected) => {
    expect(retryAfterMs(headers as Record<string, string>, NOW)).toBe(expected);
  });

  it('is rounded up to seconds', () => {
    expect(retryAfterSeconds({ 'retry-after-ms': '1001' }, NOW)).toBe(2);
  });
});

describe('retrying', () => {
  const trouble = (retryAfter?: number) =>
    new SoraError({ code: 'upstream_error', message: 'x', retryable: true, retryAfterSeconds: retryAfter });

  async function run(
    errors: readonly unknown[],
    options: { deadline?: number; random?: number; signal?: AbortSignal } = {},
  ) {
    let now = NOW;
    const pauses: number[] = [];
    let attempts = 0;
    const timing = {
      clock: () => now,
      random: () => options.random ?? 1,
      sleep: async (ms: number) => {
        pauses.push(ms);
        now += ms;
      },
    };
    const attempt = async () => {
      const error = errors[attempts++];
      if (error) throw error;
      return 'done';
    };
    const policy = { ...READ_RETRIES, retries: 4 };
    const deadline = options.deadline ?? Number.POSITIVE_INFINITY;
    const result = await retrying(attempt, policy, timing, deadline, options.signal).catch((error: unknown) => error);
    return { result, attempts, pauses };
  }

  it('doubles the pause up to the cap', async () => {
    const { pauses, result } = await run([trouble(), trouble(), trouble(), trouble()]);
    expect(result).toBe('done');
    expect(pauses).toEqual([300, 600, 1_200, 2_400]);
  });

  it('takes a random share of it', async () => {
    expect((await run([trouble(), trouble()], { random: 0.25 })).pauses).toEqual([75, 150]);
    expect((await run([trouble(), trouble()], { random: 0 })).pauses).toEqual([0, 0]);
  });

  it('puts Retry-After first', async () => {
    expect((await run([trouble(2), trouble()])).pauses).toEqual([2_000, 600]);
  });

  it('hands a long Retry-After on', async () => {
    const error = trouble(6);
    expect(await run([error])).toEqual({ result: error, attempts: 1, pauses: [] });
  });

  it('gives up after the last attempt', async () => {
    const errors = Array.from({ length: 9 }, () => trouble());
    expect(await run(errors)).toMatchObject({ result: errors[4], attempts: 5 });
  });

  it('gives up when the deadline leaves no room', async () => {
    expect(await run([trouble(), trouble()], { deadline: NOW + 500 })).toMatchObject({ attempts: 2, pauses: [300] });
  });

  it.each([new SoraError({ code: 'not_found', message: 'x' }), new Error('a defect')])(
    'does not repeat %s',
    async (error) => {
      expect(await run([error])).toEqual({ result: error, attempts: 1, pauses: [] });
    },
  );

  it('stops with its caller', async () => {
    const error = trouble();
    expect(await run([error], { signal: AbortSignal.abort() })).toEqual({ result: error, attempts: 1, pauses: [] });
  });
});

describe('sleep', () => {
  it('ends when the signal does', async () => {
    const leaving = new AbortController();
    const asleep = sleep(1_000_000, leaving.signal);
    leaving.abort(new Error('enough'));
    await expect(asleep).rejects.toThrow('enough');
    await expect(sleep(1_000_000, AbortSignal.abort(new Error('early')))).rejects.toThrow('early');
  });
});

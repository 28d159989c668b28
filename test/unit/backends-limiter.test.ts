import { beforeEach, describe, expect, it } from 'vitest';
import { createLimiter } from '../../src/backends/limiter.ts';

const START = Date.UTC(2026, 10, 22, 12);
let now = START;
const clock = () => now;
beforeEach(() => {
  now = START;
});

describe('a limiter', () => {
  it('gives at most so many in any minute, and says when the next is free', () => {
    const limiter = createLimiter(3, clock);
    const given: number[] = [];
    for (const until = now + 300_000; now < until; now += 250) if (limiter.take() === 0) given.push(now);
    expect(given.length).toBeGreaterThan(3 * 4);
    for (const at of given) expect(given.filter((each) => each >= at && each <= at + 60_000).length).toBeLessThan(4);
    now = given.at(-1)!;
    const wait = limiter.take();
    now += wait - 1;
    expect(limiter.take()).toBe(1);
    now += 1;
    expect(limiter.take()).toBe(0);
  });

  it('below one a minute gives one in so much longer a time', () => {
    const limiter = createLimiter(0.5, clock);
    expect(limiter.take()).toBe(0);
    now += 120_000;
    expect(limiter.take()).toBe(500);
  });

  it('without a number only pauses', () => {
    const limiter = createLimiter(undefined, clock);
    expect(Array.from({ length: 1_000 }, () => limiter.take()).every((wait) => wait === 0)).toBe(true);
    limiter.pauseUntil(now + 5_000);
    limiter.pauseUntil(now + 2_000);
    expect(limiter.take()).toBe(5_000);
    now += 5_000;
    expect(limiter.take()).toBe(0);
  });

  it('waits no longer than a window when the clock is set back, and gives no more either', () => {
    const limiter = createLimiter(2, clock);
    expect([limiter.take(), limiter.take()]).toEqual([0, 0]);
    now -= 86_400_000;
    expect(limiter.take()).toBe(60_500);
    now += 60_500;
    expect([limiter.take(), limiter.take(), limiter.take() > 0]).toEqual([0, 0, true]);
  });

  it('forgets a pause when the clock is set back, and minds the next', () => {
    const limiter = createLimiter(undefined, clock);
    limiter.pauseUntil(now + 5_000);
    now -= 86_400_000;
    expect(limiter.take()).toBe(0);
    limiter.pauseUntil(now + 2_000);
    expect(limiter.take()).toBe(2_000);
  });
});

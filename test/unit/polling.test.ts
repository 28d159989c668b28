import { describe, expect, test } from 'vitest';
import { nextPoll, type PollFacts } from '../../src/routing/polling.ts';
import {
  adaptive,
  bestMedian,
  compare,
  FIXED_5_S,
  MOST_LATER,
  MOST_REQUESTS,
  makeJobs,
  simulate,
} from '../bench/polling-simulation.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const USUAL = Array.from({ length: 40 }, (_, index) => (90 + index) * SECOND);

function delay(elapsedMs: number, changes: Partial<PollFacts> = {}): number {
  const now = 1_000_000;
  const facts = {
    now,
    submittedAt: now - elapsedMs,
    minPollMs: SECOND,
    polls: 0,
    history: USUAL,
    running: 0,
    failures: 0,
    listing: false,
    awaited: false,
  };
  return nextPoll({ ...facts, ...changes });
}

describe('against a fixed 5 s poll, over 1,000 jobs', () => {
  const rows = compare();
  const learnt = rows.filter(({ learns }) => learns);
  /** Looks ten seconds apart are later than that, wherever they are placed. */
  const possible = learnt.filter(({ pace }) => pace.minPollMs <= 5 * SECOND);
  const impossible = learnt.filter(({ pace }) => pace.minPollMs > 5 * SECOND);

  test('every load, by get and by list, where polls may be 5 s apart or less, and where they may not', () => {
    expect([possible.length, impossible.length]).toEqual([18, 6]);
  });

  test.each(possible)(
    '$load, $way, $pace: at most a third of the requests, at most 2 s later in the median',
    ({ ours, fixed }) => {
      expect(ours.requests / fixed.requests).toBeLessThanOrEqual(MOST_REQUESTS);
      expect(ours.lateMedian - fixed.lateMedian).toBeLessThanOrEqual(MOST_LATER);
      expect(ours.lateP90).toBeLessThan(10);
    },
  );

  test.each(impossible)(
    '$load, $way, $pace: at most a third of the requests, hardly later than the floor makes it',
    ({ pace, ours, fixed }) => {
      expect(ours.requests / fixed.requests).toBeLessThanOrEqual(MOST_REQUESTS);
      expect(ours.lateMedian - bestMedian(pace.minPollMs)).toBeLessThanOrEqual(0.5);
      expect(ours.lateP90).toBeLessThan(10);
    },
  );

  test('no schedule with looks 10 s apart could reach the goal; with looks 5 s apart one can', () => {
    const allowed = rows[0]!.fixed.lateMedian + MOST_LATER;
    expect(bestMedian(10 * SECOND)).toBeGreaterThan(allowed);
    expect(bestMedian(5 * SECOND)).toBeLessThan(allowed);
  });

  test.each(rows.filter(({ learns }) => !learns))('$load, $way, never any history: decent', ({ ours, fixed }) => {
    expect(ours.requests / fixed.requests).toBeLessThanOrEqual(MOST_REQUESTS);
    expect(ours.lateMedian - fixed.lateMedian).toBeLessThanOrEqual(3);
  });

  test('listing takes hardly more than half the calls of a list every 5 s', () => {
    for (const { way, ours, fixedList } of rows) {
      if (way === 'list') expect(ours.requests / fixedList!.requests).toBeLessThanOrEqual(0.52);
    }
  });

  test('other seeds tell the same, and one seed always the same', () => {
    const run = (seed: number) => {
      const jobs = makeJobs(1_000, 60_000, seed);
      return {
        ours: simulate(jobs, adaptive({ minPollMs: 5 * SECOND, learns: true, listing: false }), false),
        fixed: simulate(jobs, FIXED_5_S, false),
      };
    };
    for (const seed of [1, 2, 3]) {
      const { ours, fixed } = run(seed);
      expect(ours.requests / fixed.requests).toBeLessThanOrEqual(0.34);
      expect(ours.lateMedian - fixed.lateMedian).toBeLessThanOrEqual(2.2);
    }
    expect(run(1)).toEqual(run(1));
  });

  test('the jobs are what they should be', () => {
    const times = makeJobs(1_000, 1_000, 7).map((job) => job.takesMs);
    const ended = times.filter(Number.isFinite);
    expect(Math.min(...ended)).toBeGreaterThanOrEqual(30 * SECOND);
    expect(Math.max(...ended)).toBeLessThanOrEqual(6 * MINUTE);
    expect(times.length - ended.length).toBeGreaterThan(5);
  });
});

describe('one delay', () => {
  test('is long while an end is improbable, short when it is due, long again for what is stuck', () => {
    expect(delay(0)).toBeGreaterThan(20 * SECOND);
    expect(delay(110 * SECOND)).toBeLessThan(8 * SECOND);
    expect(delay(15 * MINUTE)).toBeGreaterThan(MINUTE);
    expect(delay(24 * 60 * MINUTE)).toBe(5 * MINUTE);
  });

  test('fits the backend: quick where jobs take seconds, patient where they take an hour', () => {
    const quick = Array.from({ length: 20 }, (_, index) => 3_000 + index * 50);
    expect(delay(3_000, { history: quick, minPollMs: 100 })).toBeLessThan(2 * SECOND);
    const slow = Array.from({ length: 20 }, (_, index) => (55 + index) * MINUTE);
    expect(delay(60 * MINUTE, { history: slow })).toBeGreaterThan(15 * SECOND);
  });

  test('without history there is a guess', () => {
    expect(delay(0, { history: [] })).toBeLessThanOrEqual(45 * SECOND);
    expect(delay(2 * MINUTE, { history: [] })).toBeLessThan(20 * SECOND);
    expect(delay(0, { history: [0, -5] })).toBe(delay(0, { history: [] }));
  });

  test('jobs that ended soon while many still run do not make the others look overdue', () => {
    const soon = Array.from({ length: 50 }, (_, index) => (30 + index / 2) * SECOND);
    const all = delay(45 * SECOND, { history: soon });
    const burst = delay(45 * SECOND, { history: soon, running: 700 });
    expect(all).toBeLessThan(5 * SECOND);
    expect(burst).toBeGreaterThan(2 * all);
    expect(burst).toBeLessThan(delay(45 * SECOND, { history: [] }));
    expect(delay(45 * SECOND, { history: soon, running: 2 })).toBeLessThan(1.1 * all);
    expect(delay(45 * SECOND, { history: [], running: 700 })).toBe(delay(45 * SECOND, { history: [] }));
  });

  test('advice is a floor, within reason', () => {
    const due = 110 * SECOND;
    expect(delay(due, { minPollMs: 10 * SECOND })).toBe(10 * SECOND);
    expect(delay(due, { minPollMs: 10 * SECOND, lastPollAt: 1_000_000 - 8 * SECOND })).toBeLessThan(8 * SECOND);
    expect(delay(due, { hintMs: 20 * SECOND })).toBe(20 * SECOND);
    expect(delay(due, { retryAfterMs: 60 * SECOND, hintMs: 20 * SECOND })).toBe(60 * SECOND);
    expect(delay(due, { retryAfterMs: 1e12 })).toBe(15 * MINUTE);
    expect(delay(0, { hintMs: 1 })).toBe(delay(0));
  });

  test('what lies between polls on average may be undercut as far as it was saved up, and in a list', () => {
    const due = 110 * SECOND;
    const openai = { minPollMs: 5 * SECOND, meanPollMs: 10 * SECOND };
    expect(delay(due, { ...openai, polls: 11 })).toBe(5 * SECOND);
    expect(delay(due, { ...openai, polls: 12 })).toBe(10 * SECOND);
    expect(delay(due, { ...openai, polls: 12, listing: true })).toBe(5 * SECOND);
    expect(delay(due, { ...openai, minPollMs: 20 * SECOND, polls: 12 })).toBe(20 * SECOND);
  });

  test('one who waits is told sooner, most of all where nothing is known of such jobs', () => {
    expect(delay(0, { history: [], awaited: true })).toBe(3 * SECOND);
    expect(delay(80 * SECOND, { history: [], awaited: true })).toBeLessThanOrEqual(10 * SECOND);
    expect(delay(80 * SECOND, { history: [], awaited: true })).toBeLessThan(delay(80 * SECOND, { history: [] }));
    expect(delay(0, { awaited: true })).toBeGreaterThan(15 * SECOND);
    expect(delay(100 * SECOND, { awaited: true })).toBeLessThan(delay(100 * SECOND));
    expect(delay(0, { history: [], awaited: true, minPollMs: 10 * SECOND })).toBe(10 * SECOND);
    expect(delay(0, { history: [], awaited: true, hintMs: 20 * SECOND })).toBe(20 * SECOND);
  });

  test('failures back off', () => {
    const delays = [0, 1, 2, 3, 4, 30].map((failures) => delay(110 * SECOND, { failures, minPollMs: 5 * SECOND }));
    expect(delays.slice(1)).toEqual([10, 20, 40, 80, 300].map((seconds) => seconds * SECOND));
    const openai = { minPollMs: 5 * SECOND, meanPollMs: 10 * SECOND, polls: 1 };
    expect(delay(110 * SECOND, { ...openai, failures: 1 })).toBe(20 * SECOND);
  });

  test('a clock that jumped does no harm', () => {
    expect(delay(-60 * MINUTE)).toBe(delay(0));
    expect(delay(0, { lastPollAt: 9e12 })).toBe(delay(0));
    for (const elapsed of [0, 1, 1e3, 1e6, 1e9, 1e13]) {
      for (const history of [[], [1], USUAL, [1e12], Array(500).fill(7)]) {
        const ms = delay(elapsed, { history });
        expect(Number.isInteger(ms)).toBe(true);
        expect(ms).toBeGreaterThanOrEqual(SECOND);
        expect(ms).toBeLessThanOrEqual(5 * MINUTE);
      }
    }
  });
});

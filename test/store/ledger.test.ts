import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fromUsd, type MicroUsd, microUsd } from '../../src/domain/money.ts';
import { Database } from '../../src/store/database.ts';
import type { Reservation } from '../../src/store/ledger.ts';
import { NOON, tempDir, tempStore } from './fixtures.ts';
import { bundleWorker, startWorker } from './processes.ts';

const DAY = 86_400_000;
let count = 0;

function reservation(amount: number, facts: Partial<Reservation> = {}): Reservation {
  count += 1;
  return {
    ref: `task_${count}`,
    workspace: 'local',
    backend: 'reverse',
    project: 'film',
    amount: microUsd(amount),
    source: 'price list',
    limits: {},
    now: NOON,
    ...facts,
  };
}

describe('the ledger', () => {
  test('holds, settles once, releases once', () => {
    const { ledger } = tempStore();
    const [a, b] = [reservation(100), reservation(50)];
    expect([ledger.reserve(a), ledger.reserve(b)]).toEqual([{ ok: true }, { ok: true }]);
    expect(ledger.held(a.ref)).toBe(100);
    expect(ledger.settle(a.ref, microUsd(80), NOON)).toBe(true);
    expect(ledger.settle(a.ref, microUsd(80), NOON)).toBe(false);
    expect(ledger.release(a.ref, NOON)).toBe(false);
    expect(ledger.summary('local', NOON)).toMatchObject({ day: { used: 130 }, month: { used: 130 }, reserved: 50 });
    expect(ledger.release(b.ref, NOON)).toBe(true);
    expect(ledger.summary('local', NOON)).toMatchObject({ day: { used: 80 }, reserved: 0 });
    expect(ledger.held(a.ref)).toBeUndefined();
    expect(ledger.entries(a.ref).map(({ kind, amount }) => [kind, amount])).toEqual([
      ['reserve', 100],
      ['settle', 80],
    ]);
    expect(ledger.entries(b.ref).map(({ kind, amount }) => [kind, amount])).toEqual([
      ['reserve', 50],
      ['release', 50],
    ]);
  });

  test('takes back what was settled, on its day, once', () => {
    const { ledger } = tempStore();
    const [mistaken, other] = [reservation(100), reservation(30)];
    for (const { ref } of [mistaken, other]) expect(ledger.refund(ref, NOON)).toBe(false);
    for (const each of [mistaken, other]) ledger.reserve(each);
    expect(ledger.refund(mistaken.ref, NOON)).toBe(false);
    for (const { ref, amount } of [mistaken, other]) ledger.settle(ref, amount, NOON);
    expect(ledger.refund(mistaken.ref, NOON + 40 * DAY)).toBe(true);
    expect(ledger.refund(mistaken.ref, NOON + 40 * DAY)).toBe(false);
    expect(ledger.rows('local', '2026-01-01')).toMatchObject([{ day: '2026-11-22', videos: 1, spent: 30 }]);
    expect(ledger.summary('local', NOON + 40 * DAY)).toMatchObject({ month: { used: 0 } });
    expect(ledger.entries(mistaken.ref).map(({ kind, amount }) => [kind, amount])).toEqual([
      ['reserve', 100],
      ['settle', 100],
      ['release', 100],
    ]);
    // It is sent anew.
    ledger.reserve(mistaken);
    ledger.release(mistaken.ref, NOON);
    expect(ledger.summary('local', NOON)).toMatchObject({ day: { used: 30 }, reserved: 0 });
  });

  test('holds one ref once', () => {
    const { ledger } = tempStore();
    const same = reservation(100, { limits: { day: microUsd(100) } });
    expect([ledger.reserve(same), ledger.reserve(same)]).toEqual([{ ok: true }, { ok: true }]);
    expect(ledger.summary('local', NOON).reserved).toBe(100);
  });

  test('refuses what would pass a limit, and says which and until when', () => {
    const { ledger } = tempStore();
    const limits = { day: microUsd(100), month: microUsd(150) };
    const first = reservation(60, { limits });
    ledger.reserve(first);
    expect(ledger.reserve(reservation(41, { limits }))).toEqual({
      ok: false,
      window: 'day',
      used: 60,
      limit: 100,
      renewsAt: '2026-11-23T00:00:00Z',
    });
    expect(ledger.reserve(reservation(40, { limits }))).toEqual({ ok: true });
    expect(ledger.reserve(reservation(0, { limits }))).toEqual({ ok: true });
    ledger.settle(first.ref, microUsd(60), NOON);
    // Tomorrow 40 are still held, and 60 stay spent this month.
    const tomorrow = NOON + DAY;
    expect(ledger.summary('local', tomorrow, limits)).toEqual({
      day: { used: 40, limit: 100, left: 60, renewsAt: '2026-11-24T00:00:00Z' },
      month: { used: 100, limit: 150, left: 50, renewsAt: '2026-12-01T00:00:00Z' },
      reserved: 40,
    });
    expect(ledger.reserve(reservation(51, { limits, now: tomorrow }))).toMatchObject({
      ok: false,
      window: 'month',
      used: 100,
    });
    expect(ledger.reserve(reservation(50, { limits, now: tomorrow }))).toEqual({ ok: true });
    expect(ledger.reserve(reservation(99, { limits, workspace: 'other' }))).toEqual({ ok: true });
  });

  test('starts anew with the UTC day and month', () => {
    const { ledger } = tempStore();
    const newYear = Date.UTC(2027, 0, 1);
    const late = reservation(70, { now: newYear - 1 });
    ledger.reserve(late);
    ledger.settle(late.ref, microUsd(70), newYear - 1);
    expect(ledger.summary('local', newYear - 1, {})).toMatchObject({
      day: { used: 70, renewsAt: '2027-01-01T00:00:00Z' },
    });
    expect(ledger.summary('local', newYear)).toMatchObject({
      day: { used: 0 },
      month: { used: 0, renewsAt: '2027-02-01T00:00:00Z' },
    });
  });

  test('a hold moves to another backend at its price, or stays where it is', () => {
    const { ledger } = tempStore();
    const limits = { day: microUsd(100) };
    const hold = reservation(60, { limits });
    const to = { backend: 'forwarding', source: 'report', limits, now: NOON };
    ledger.reserve(hold);
    expect(ledger.moveHold(hold.ref, { ...to, amount: microUsd(101) })).toMatchObject({ ok: false, used: 60 });
    expect(ledger.held(hold.ref)).toBe(60);
    expect(ledger.moveHold(hold.ref, { ...to, amount: microUsd(100) })).toEqual({ ok: true });
    expect(ledger.summary('local', NOON).reserved).toBe(100);
    ledger.settle(hold.ref, microUsd(100), NOON);
    expect(ledger.rows('local', '2026-11-01')).toMatchObject([{ backend: 'forwarding', spent: 100 }]);
    expect(ledger.moveHold(hold.ref, { ...to, amount: microUsd(1) })).toBeUndefined();
  });

  test('shows days, backends, projects and how many videos', () => {
    const { ledger } = tempStore();
    const spend = (amount: number, facts: Partial<Reservation> = {}) => {
      const held = reservation(amount, facts);
      ledger.reserve(held);
      ledger.settle(held.ref, held.amount, held.now);
    };
    spend(5);
    spend(7);
    spend(100, { what: 'character' });
    spend(0, { backend: 'sandbox', source: 'sandbox' });
    spend(3, { project: 'advert', now: NOON + DAY });
    spend(9, { now: NOON - 40 * DAY });
    spend(9, { workspace: 'other' });
    const row = { day: '2026-11-22', backend: 'reverse', project: 'film' };
    expect(ledger.rows('local', '2026-11-01')).toEqual([
      { ...row, day: '2026-11-23', project: 'advert', videos: 1, spent: 3 },
      { ...row, videos: 2, spent: 112 },
      { ...row, backend: 'sandbox', videos: 1, spent: 0 },
    ]);
  });

  test('is append-only', () => {
    const dataDir = tempDir();
    const { ledger } = tempStore({ dataDir });
    ledger.reserve(reservation(5));
    const database = new Database(join(dataDir, 'sora.db'));
    expect(() => database.exec('delete from ledger')).toThrow(/append-only/);
    expect(() => database.exec('update ledger set amount = 0')).toThrow(/append-only/);
    database.close();
  });

  test('rolls back with the transaction that reserved', () => {
    const store = tempStore();
    expect(() =>
      store.transaction(() => {
        store.ledger.reserve(reservation(5));
        throw new Error('the intent could not be written');
      }),
    ).toThrow('intent');
    expect(store.ledger.summary('local', NOON).reserved).toBe(0);
  });
});

/** Plain arithmetic that the ledger must agree with. */
class Model {
  readonly holds = new Map<string, number>();
  readonly settled: { readonly at: number; readonly amount: number }[] = [];

  used(now: number, length: 7 | 10): number {
    const period = new Date(now).toISOString().slice(0, length);
    const spent = this.settled.filter(({ at }) => new Date(at).toISOString().startsWith(period));
    return [...spent.map(({ amount }) => amount), ...this.holds.values()].reduce((sum, amount) => sum + amount, 0);
  }
}

test.each([1, 2, 3, 4, 5])(
  'after any operations used is settled and held, and no limit is passed (seed %i)',
  (seed) => {
    let state = seed;
    const next = (below: number) => {
      state = (state * 1_103_515_245 + 12_345) & 0x7fffffff;
      return Math.floor((state / 0x80000000) * below);
    };
    const { ledger } = tempStore();
    const model = new Model();
    const limits = { day: microUsd(1_000), month: microUsd(2_500) };
    let now = NOON;
    for (let step = 0; step < 600; step++) {
      if (next(20) === 0) now += next(2 * DAY);
      const ref = `task_${next(40)}`;
      const held = model.holds.get(ref);
      const amount = next(300) as MicroUsd;
      switch (next(5)) {
        case 0:
        case 1: {
          const result = ledger.reserve(reservation(amount, { ref, limits, now }));
          const fits = model.used(now, 10) + amount <= 1_000 && model.used(now, 7) + amount <= 2_500;
          expect(result.ok).toBe(held !== undefined || amount === 0 || fits);
          if (result.ok && held === undefined) model.holds.set(ref, amount);
          break;
        }
        case 2: {
          const spent = microUsd(Math.min(amount, held ?? 0));
          expect(ledger.settle(ref, spent, now)).toBe(held !== undefined);
          if (model.holds.delete(ref)) model.settled.push({ at: now, amount: spent });
          break;
        }
        case 3:
          expect(ledger.release(ref, now)).toBe(model.holds.delete(ref));
          break;
        default: {
          const result = ledger.moveHold(ref, { backend: 'forwarding', amount, source: 'x', limits, now });
          if (result?.ok) model.holds.set(ref, amount);
        }
      }
      const { day, month, reserved } = ledger.summary('local', now, limits);
      expect([day.used, month.used]).toEqual([model.used(now, 10), model.used(now, 7)]);
      expect(reserved).toBe([...model.holds.values()].reduce((sum, each) => sum + each, 0));
      expect(day.used).toBeLessThanOrEqual(1_000);
      expect(month.used).toBeLessThanOrEqual(2_500);
    }
  },
);

test('four processes together never pass a limit', async () => {
  const worker = await bundleWorker();
  try {
    const dataDir = tempDir();
    const { ledger } = tempStore({ dataDir });
    const workers = ['a', 'b', 'c', 'd'].map((name) => startWorker(worker.file, 'reserve', dataDir, name));
    const answers = (await Promise.all(workers.map((each) => each.next()))) as { reserved: number }[];
    const reserved = answers.reduce((sum, answer) => sum + answer.reserved, 0);
    const { day } = ledger.summary('local', NOON, { day: fromUsd(2) });
    // Ten cents each, nine of them when settled: at least 20 fit, and no more than that could be refused.
    expect(day.used).toBeLessThanOrEqual(fromUsd(2));
    expect(day.used).toBeGreaterThan(fromUsd(1.9));
    expect(reserved).toBeGreaterThanOrEqual(20);
    expect(reserved).toBeLessThanOrEqual(22);
  } finally {
    worker.remove();
  }
});

import { describe, expect, test } from 'vitest';
import type { Task } from '../../src/domain/task.ts';
import type { DueKind } from '../../src/store/due.ts';
import { aTask, handClock, NOON, tempDir, tempStore } from './fixtures.ts';
import { bundleWorker, startWorker } from './processes.ts';

const LEASE = 30_000;
const claim = { owner: 'me', now: NOON, leaseMs: LEASE, limit: 10 };

describe('what is due', () => {
  const later = NOON + 1;
  test.each<[string, Partial<Task>, DueKind | undefined]>([
    ['queued, its poll due', { state: 'queued', nextPollAt: NOON }, 'poll'],
    ['queued, its poll later', { state: 'queued', nextPollAt: later }, undefined],
    ['queued, never told when to poll', { state: 'queued' }, 'poll'],
    ['in progress, due', { state: 'in_progress', nextPollAt: 5 }, 'poll'],
    ['unknown, due', { state: 'unknown', nextPollAt: NOON }, 'poll'],
    ['unknown, given up', { state: 'unknown' }, undefined],
    ['reserved, its turn', { state: 'reserved', sendAfter: NOON }, 'send'],
    ['reserved, its turn later', { state: 'reserved', sendAfter: later }, undefined],
    ['reserved, orphaned', { state: 'reserved', leaseOwner: 'dead', leaseUntil: NOON }, 'recover'],
    ['reserved, being sent', { state: 'reserved', leaseOwner: 'alive', leaseUntil: later }, undefined],
    ['submitting, orphaned', { state: 'submitting', leaseOwner: 'dead', leaseUntil: NOON }, 'recover'],
    ['submitting, alive', { state: 'submitting', leaseOwner: 'alive', leaseUntil: later }, undefined],
    [
      'leased for an absurd time',
      { state: 'submitting', leaseOwner: 'odd', leaseUntil: NOON + 2 * LEASE + 1 },
      'recover',
    ],
    ['leased for two leases', { state: 'submitting', leaseOwner: 'odd', leaseUntil: NOON + 2 * LEASE }, undefined],
    ['polled by another', { state: 'queued', nextPollAt: 1, leaseOwner: 'alive', leaseUntil: later }, undefined],
    ['written before the clock went back', { state: 'queued', nextPollAt: NOON + 1e9, updatedAt: NOON + 1e9 }, 'poll'],
    ['to be saved', { state: 'completed', saveState: 'pending', nextPollAt: NOON }, 'save'],
    ['to be saved later', { state: 'completed', saveState: 'pending', nextPollAt: later }, undefined],
    ['saved', { state: 'completed', saveState: 'saved', nextPollAt: 1 }, undefined],
    ['failed', { state: 'failed', nextPollAt: 1, saveState: 'pending' }, undefined],
    ['expired', { state: 'expired', nextPollAt: 1 }, undefined],
  ])('%s', (_, facts, kind) => {
    const { tasks } = tempStore();
    const task = tasks.insert(aTask(facts));
    const others = (['poll', 'send', 'recover', 'save'] as const).filter((each) => each !== kind);
    expect(tasks.claimDue({ ...claim, kinds: others })).toEqual([]);
    const expected = kind === undefined ? [] : [{ ...task, leaseOwner: 'me', leaseUntil: NOON + LEASE }];
    expect(tasks.claimDue(claim)).toEqual(expected);
    expect(tasks.claimDue({ ...claim, owner: 'other' })).toEqual([]);
  });

  test('comes the longest due first, as many as asked for', () => {
    const { tasks } = tempStore();
    const ids = [30, 10, 20].map((ago) => tasks.insert(aTask({ state: 'queued', nextPollAt: NOON - ago })).id);
    expect(tasks.claimDue({ ...claim, limit: 2 }).map((task) => task.id)).toEqual([ids[0], ids[2]]);
    expect(tasks.claimDue({ ...claim, limit: 2 }).map((task) => task.id)).toEqual([ids[1]]);
  });

  test('comes back when the lease lapses', () => {
    const { tasks } = tempStore();
    tasks.insert(aTask({ state: 'queued', nextPollAt: NOON }));
    expect(tasks.claimDue(claim)).toHaveLength(1);
    expect(tasks.claimDue({ ...claim, owner: 'other', now: NOON + LEASE })).toHaveLength(1);
  });
});

describe('the next moment', () => {
  test('is none, the earliest due, or the end of another process’s lease', () => {
    const clock = handClock();
    const { tasks } = tempStore({ clock: clock.read });
    expect(tasks.nextDueAt('me', NOON)).toBeUndefined();
    tasks.insert(aTask({ state: 'completed', saveState: 'saved' }));
    expect(tasks.nextDueAt('me', NOON)).toBeUndefined();
    tasks.insert(aTask({ state: 'queued', nextPollAt: NOON + 500 }));
    tasks.insert(aTask({ state: 'reserved', sendAfter: NOON + 300 }));
    expect(tasks.nextDueAt('me', NOON)).toBe(NOON + 300);
    tasks.insert(aTask({ state: 'submitting', leaseOwner: 'me', leaseUntil: NOON + 100 }));
    expect(tasks.nextDueAt('me', NOON)).toBe(NOON + 300);
    expect(tasks.nextDueAt('other', NOON)).toBe(NOON + 100);
    expect(tasks.nextDueAt('me', NOON + 100)).toBe(NOON + 100);
  });
});

test('four processes claim and finish each of 200 tasks once', async () => {
  const worker = await bundleWorker();
  try {
    const dataDir = tempDir();
    const { tasks } = tempStore({ dataDir, clock: Date.now });
    const ids = Array.from({ length: 200 }, () => tasks.insert(aTask({ state: 'queued', nextPollAt: 1 })).id);
    const workers = ['a', 'b', 'c', 'd'].map((owner) => startWorker(worker.file, 'claim', dataDir, owner));
    const answers = (await Promise.all(workers.map((each) => each.next()))) as { claimed: string[] }[];
    expect(answers.flatMap((answer) => answer.claimed).sort()).toEqual(ids.sort());
    expect(tasks.latest('local', 300).map((task) => task.state)).toEqual(Array(200).fill('completed'));
  } finally {
    worker.remove();
  }
});

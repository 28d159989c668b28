import { describe, expect, test } from 'vitest';
import { microUsd } from '../../src/domain/money.ts';
import { TASK_STATES, type Task } from '../../src/domain/task.ts';
import { aTask, handClock, NOON, tempStore } from './fixtures.ts';

const EVERYTHING: Task = aTask({
  kind: 'remix',
  parentId: 'task_parent',
  storyboardId: 'board_1',
  state: 'completed',
  size: '1280x720',
  request: {
    prompt: 'a "fox"\n🦊',
    characterIds: ['chr_1'],
    seconds: 4,
    size: '1280x720',
    model: 'sora-2',
    priority: 'stability',
    backend: 'reverse',
    referenceImage: '/a.png',
    referenceVideo: 'https://example.com/a.mp4',
    influenceStrength: 0.25,
  },
  idempotencyKey: 'key',
  remoteId: 'video_1',
  progress: 12.5,
  reasons: ['cheapest', 'pinned'],
  spent: microUsd(7),
  charged: 'yes',
  error: { code: 'job_failed', message: 'no', hint: 'try', retryable: true, charged: 'unknown' },
  videoUrl: 'https://example.com/v.mp4',
  videoUrlExpiresAt: NOON + 1,
  filePath: '/v.mp4',
  fileBytes: 5,
  saveState: 'pending',
  saveAttempts: 2,
  saveError: 'disk full',
  stillPath: '/s.jpg',
  sendAfter: NOON,
  submittedAt: NOON,
  completedAt: NOON + 3,
  heardAt: NOON + 4,
  nextPollAt: NOON + 5,
  polls: 3,
  pollFailures: 1,
  leaseOwner: 'me',
  leaseUntil: NOON + 6,
});

describe('a task', () => {
  test('keeps every field', () => {
    const { tasks } = tempStore();
    const bare = aTask();
    tasks.insert(EVERYTHING);
    tasks.insert(bare);
    expect(tasks.byId(EVERYTHING.id)).toEqual(EVERYTHING);
    expect(tasks.byId(bare.id)).toStrictEqual(bare);
    expect(tasks.byId(bare.id, 'local')).toEqual(bare);
    expect(tasks.byId(bare.id, 'other')).toBeUndefined();
    expect(tasks.byId('task_none')).toBeUndefined();
  });

  test('is found by its remote id and by its key, in its workspace', () => {
    const { tasks } = tempStore();
    tasks.insert(EVERYTHING);
    const other = tasks.insert(aTask({ workspace: 'other', remoteId: 'video_1', idempotencyKey: 'key' }));
    expect(tasks.byRemoteId('local', 'video_1')?.id).toBe(EVERYTHING.id);
    expect(tasks.byRemoteId('other', 'video_1')?.id).toBe(other.id);
    expect(tasks.byRemoteId('other', 'video_1', 'forwarding')).toBeUndefined();
    expect(tasks.byIdempotencyKey('other', 'key')?.id).toBe(other.id);
    expect(tasks.byIdempotencyKey('none', 'key')).toBeUndefined();
    expect(tasks.children('task_parent').map((task) => task.id)).toEqual([EVERYTHING.id]);
    expect(tasks.ofStoryboard('board_1').map((task) => task.id)).toEqual([EVERYTHING.id]);
  });

  test('refuses a key that was used, and names the task', () => {
    const { tasks } = tempStore();
    tasks.insert(EVERYTHING);
    expect(() => tasks.insert(aTask({ idempotencyKey: 'key' }))).toThrow(
      expect.objectContaining({ code: 'idempotency_conflict', details: { taskId: EVERYTHING.id } }),
    );
    tasks.insert(aTask());
    tasks.insert(aTask());
  });

  test('moves only from where it is thought to be, and only as the domain allows', () => {
    const clock = handClock();
    const { tasks } = tempStore({ clock: clock.read });
    const { id } = tasks.insert(aTask());
    clock.now += 9;
    const sent = tasks.move(id, { from: 'reserved', to: 'submitting', patch: { submittedAt: NOON } });
    expect(sent).toMatchObject({ state: 'submitting', submittedAt: NOON, updatedAt: NOON + 9 });
    expect(tasks.move(id, { from: 'reserved', to: 'submitting' })).toBeUndefined();
    expect(tasks.move(id, { from: ['submitting', 'unknown'], to: 'queued', patch: { remoteId: 'v' } })?.state).toBe(
      'queued',
    );
    expect(() => tasks.move(id, { from: 'completed', to: 'queued' })).toThrow(RangeError);
    expect(tasks.move('task_none', { from: 'reserved', to: 'submitting' })).toBeUndefined();
  });

  test('moves only for the holder of the lease', () => {
    const { tasks } = tempStore();
    const { id } = tasks.insert(aTask({ state: 'queued', nextPollAt: NOON }));
    tasks.claimDue({ owner: 'a', now: NOON, leaseMs: 1_000, limit: 1 });
    expect(tasks.move(id, { from: 'queued', to: 'completed', leaseOwner: 'b' })).toBeUndefined();
    expect(tasks.renewLease(id, 'b', NOON + 9_000)).toBe(false);
    expect(tasks.releaseLease(id, 'b', { polls: 9 })).toBeUndefined();
    expect(tasks.renewLease(id, 'a', NOON + 9_000)).toBe(true);
    expect(tasks.byId(id)).toMatchObject({ polls: 0, leaseUntil: NOON + 9_000 });
    const released = tasks.releaseLease(id, 'a', { polls: 1, nextPollAt: NOON + 5_000 });
    expect(released).toMatchObject({ polls: 1, nextPollAt: NOON + 5_000 });
    expect(released).not.toHaveProperty('leaseOwner');
  });

  test('an update empties what is present and undefined, and leaves the rest', () => {
    const { tasks } = tempStore();
    tasks.insert(EVERYTHING);
    const changed = tasks.update(EVERYTHING.id, { videoUrl: undefined, progress: 50 });
    const { videoUrl: _, ...rest } = EVERYTHING;
    expect(changed).toEqual({ ...rest, progress: 50, updatedAt: NOON });
    expect(tasks.update('task_none', { progress: 1 })).toBeUndefined();
  });

  test('pages newest first, by state, in its workspace', () => {
    const { tasks } = tempStore();
    const ids = Array.from(
      { length: 7 },
      (_, n) => tasks.insert(aTask({ state: n % 2 === 0 ? 'failed' : 'queued' })).id,
    );
    tasks.insert(aTask({ workspace: 'other' }));
    const page = (cursor?: string) => tasks.page({ workspace: 'local', state: 'failed', limit: 3, cursor });
    const first = page();
    expect(first.items.map((task) => task.id)).toEqual([ids[6], ids[4], ids[2]]);
    expect(page(first.nextCursor)).toMatchObject({ items: [{ id: ids[0] }] });
    expect(tasks.latest('local', 2).map((task) => task.id)).toEqual([ids[6], ids[5]]);
    expect(tasks.page({ workspace: 'local', limit: 50 }).items).toHaveLength(7);
  });

  test('is counted by state and by backend', () => {
    const { tasks } = tempStore();
    for (const state of TASK_STATES) tasks.insert(aTask({ state }));
    const { id } = tasks.insert(aTask({ state: 'queued', backend: 'forwarding' }));
    expect(tasks.unfinishedCount('reverse')).toBe(4);
    expect(
      tasks
        .running('reverse', 9)
        .map((task) => task.state)
        .sort(),
    ).toEqual(['in_progress', 'queued', 'submitting', 'unknown']);
    tasks.move(id, { from: 'queued', to: 'completed' });
    expect(tasks.unfinishedCount('forwarding')).toBe(0);
  });

  test('tells how long jobs took', () => {
    const { tasks } = tempStore();
    const done = (ms: number, facts: Partial<Task> = {}) =>
      tasks.insert(aTask({ state: 'completed', submittedAt: NOON, completedAt: NOON + ms, ...facts }));
    done(30_000);
    done(60_000);
    done(45_000);
    done(1, { model: 'other' });
    done(2, { state: 'failed' });
    expect(tasks.durations({ backend: 'reverse', model: 'sora-2', limit: 2 })).toEqual([60_000, 45_000]);
  });
});

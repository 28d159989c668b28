import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatUsd } from '../../src/domain/money.ts';
import { inspectClip } from '../../src/media/clip.ts';
import { openStudio } from '../helpers/studio.ts';

const THREE = [
  { prompt: 'a boat at dawn' },
  { prompt: 'a gull lands', size: '1280x720', duration: 8 },
  { prompt: 'a rope is cast off' },
];

describe('making a storyboard', () => {
  test('scenes that name no size take that of the others, and the film is their sum', async () => {
    const studio = await openStudio();
    const made = await studio.storyboards.make({ title: 'The Harbour!', scenes: THREE, priority: 'stability' });
    expect(made).toMatchObject({ status: 'making', cost: 1_600_000, newCost: 1_600_000, notes: [] });
    expect(made.scenes.map(({ scene, status, seconds }) => [scene, status, seconds])).toEqual([
      [1, 'reserved', 4],
      [2, 'reserved', 8],
      [3, 'reserved', 4],
    ]);
    const done = await studio.settle(made.id!);
    expect(done.status).toBe('completed');
    expect(done.scenes.map(({ task }) => task?.size)).toEqual(['1280x720', '1280x720', '1280x720']);
    expect(basename(done.filmPath!)).toMatch(/^the-harbour-[0-9a-f]{8}\.mp4$/);
    const film = await inspectClip(done.filmPath!);
    expect(film).toMatchObject({ width: 1280, height: 720 });
    expect(film.seconds).toBeCloseTo(16, 1);
    expect(done.nextPollSeconds).toBeUndefined();
    expect(studio.storyboards.list(10).storyboards).toMatchObject([{ id: made.id, status: 'completed' }]);
    expect(studio.core.store.ledger.summary('local', studio.core.clock()).day.used).toBe(1_600_000);
  });

  test('a scene that fails stops no other, says why, and alone is made again', async () => {
    const studio = await openStudio();
    const scenes = [{ prompt: 'a boat' }, { prompt: 'a storm [fail-once]' }, { prompt: 'a rope' }];
    const { id } = await studio.storyboards.make({ title: 'Storm', scenes, priority: 'stability' });
    const stuck = await studio.settle(id!);
    expect(stuck.status).toBe('attention');
    expect(stuck.scenes.map(({ status }) => status)).toEqual(['completed', 'failed', 'completed']);
    expect(stuck.scenes[1]?.task?.error).toMatchObject({
      code: 'moderation_blocked',
      charged: 'no',
      hint: expect.stringContaining('Change the prompt'),
    });
    expect(stuck).toMatchObject({ filmPath: undefined, cost: 800_000 });
    const again = await studio.storyboards.make({ storyboardId: id });
    expect(again).toMatchObject({ newCost: 400_000, status: 'making' });
    const done = await studio.settle(id!);
    expect(done.status).toBe('completed');
    expect(studio.sandbox.jobs()).toHaveLength(4);
    expect(done.scenes.map(({ task }) => task?.id === stuck.scenes[0]?.task?.id)).toEqual([true, false, false]);
    expect((await inspectClip(done.filmPath!)).seconds).toBeCloseTo(12, 1);
  });

  test('scenes that wait for their backend say why', async () => {
    const studio = await openStudio();
    studio.sandbox.fault({ on: 'create', kind: '503', times: Number.POSITIVE_INFINITY });
    const { id } = await studio.storyboards.make({ title: 'Wait', scenes: THREE, priority: 'stability' });
    const waiting = async () => (await studio.storyboards.get(id!)).scenes.map((scene) => scene.waiting);
    await studio.until(async () => (await waiting()).every((why) => why !== undefined));
    expect((await waiting())[0]).toMatch(/503|left alone/);
    expect(studio.tasks.list({}).tasks.map((report) => report.waiting)).not.toContain(undefined);
    studio.sandbox.clearFaults();
    expect((await studio.settle(id!, 600)).status).toBe('completed');
    expect(await waiting()).toEqual([undefined, undefined, undefined]);
  });

  test('50 scenes stay within the limits of their backend and cost what was quoted', async () => {
    const limits = { createsPerMinute: 30, concurrentJobs: 4, minPollMs: 500, usualJobMs: 1_000 };
    const studio = await openStudio({ backends: { forwarding: { limits } } });
    const scenes = Array.from({ length: 50 }, (_, at) => ({ prompt: `shot ${at + 1}`, duration: 4 }));
    const plan = await studio.storyboards.make({ title: 'Fifty', scenes, priority: 'stability', dryRun: true });
    expect(plan).toMatchObject({ newCost: 20_000_000 });
    const { id } = await studio.storyboards.make({ title: 'Fifty', scenes, priority: 'stability', maxCostUsd: 20 });
    const done = await studio.settle(id!, 1_800);
    expect(done.status).toBe('completed');
    const jobs = studio.sandbox.jobs();
    expect(jobs.map(({ prompt }) => prompt).sort()).toEqual(scenes.map(({ prompt }) => prompt).sort());
    const starts = jobs.map(({ createdAt }) => createdAt);
    for (const start of starts) {
      const running = jobs.filter((job) => job.createdAt <= start && start < job.createdAt + job.runMs);
      expect(running.length).toBeLessThanOrEqual(4);
      expect(starts.filter((other) => other >= start && other < start + 60_000).length).toBeLessThanOrEqual(30);
    }
    expect(formatUsd(done.cost)).toBe('$20');
    expect((await inspectClip(done.filmPath!)).seconds).toBeCloseTo(200, 0);
  });

  test('a dry run says everything, sends nothing and stores nothing', async () => {
    const studio = await openStudio({ limits: { day: 1_000_000 as never } });
    const plan = await studio.storyboards.make({ title: 'Dry', scenes: THREE, priority: 'stability', dryRun: true });
    expect(plan).toMatchObject({ status: 'planned', newCost: 1_600_000, cost: 1_600_000 });
    expect(plan.id).toBeUndefined();
    expect(plan.scenes[0]).toMatchObject({ status: 'planned', backend: 'forwarding', seconds: 4, cost: 400_000 });
    expect(plan.scenes[0]?.reasons?.[0]).toBe('forwarding makes all 3 scenes for $1.60 (reverse $0.36).');
    expect(plan.notes.join()).toContain("$1 is left of the day's $1");
    expect(studio.sandbox.requests()).toEqual([]);
    expect(studio.storyboards.list(10).storyboards).toEqual([]);
    expect(studio.core.store.tasks.latest('local', 10)).toEqual([]);
  });

  test('different sizes are told beforehand, and the clips stay as files', async () => {
    const studio = await openStudio();
    const scenes = [
      { prompt: 'wide', size: '1280x720' },
      { prompt: 'tall', size: '720x1280' },
    ];
    const made = await studio.storyboards.make({ title: 'Two', scenes, priority: 'stability' });
    expect(made.notes.join()).toContain('scene 2 is 720x1280, scene 1 is 1280x720');
    const done = await studio.settle(made.id!);
    expect(done).toMatchObject({ status: 'attention', filmPath: undefined });
    expect(done.filmError).toContain('scene 2 is 720x1280, scene 1 is 1280x720');
    expect(done.scenes.every(({ task }) => task?.filePath !== undefined)).toBe(true);
  });
});

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dialectNamed } from '../../src/backends/dialects/catalog.ts';
import { SoraError } from '../../src/domain/errors.ts';
import { inspectClip } from '../../src/media/clip.ts';
import { clipBytes } from '../helpers/media.ts';
import { openStudio } from '../helpers/studio.ts';

const FILM = { title: 'Film', scenes: [{ prompt: 'one' }, { prompt: 'two' }], priority: 'stability' } as const;

describe('revising a scene', () => {
  test('the revision takes its place once it is saved, and the film is joined anew', async () => {
    const studio = await openStudio();
    const { storyboards, videos } = studio;
    const { id } = await storyboards.make(FILM);
    const before = await studio.settle(id!);
    const first = before.scenes[1]!.task!;
    const revision = await videos.revise({ taskId: first.id, mode: 'remix', prompt: 'two, in the rain' });
    expect(revision.task).toMatchObject({ kind: 'remix', parentId: first.id, storyboardId: id, seconds: 4 });
    const making = await storyboards.get(id!);
    expect(making).toMatchObject({ status: 'making', filmPath: undefined });
    expect(making.scenes[1]).toMatchObject({ task: { id: first.id }, revision: { id: revision.task.id } });
    const after = await studio.settle(id!);
    expect(after.status).toBe('completed');
    expect(after.scenes[1]).toMatchObject({ task: { id: revision.task.id, kind: 'remix' }, revision: undefined });
    expect(after.filmPath).not.toBe(before.filmPath);
    expect(after.cost).toBe(1_200_000);

    // From the original again, and longer: the scene shows a child of it, and is replaced all the same.
    const longer = await videos.revise({ taskId: first.id, mode: 'extend', prompt: 'and on', seconds: 5 });
    expect(longer.task).toMatchObject({ storyboardId: id, seconds: 8 });
    expect(longer.task.reasons.join()).toContain('5 s are added as 8 s');
    const last = await studio.settle(id!);
    expect(last.scenes[1]).toMatchObject({ task: { id: longer.task.id }, seconds: 12 });
    expect((await inspectClip(last.filmPath!)).seconds).toBeCloseTo(16, 1);
    expect((await studio.tasks.get(first.id)).children).toEqual([revision.task.id, longer.task.id]);
    expect((await studio.tasks.get(longer.task.id)).totalSeconds).toBe(12);
    // A remix makes all of it anew, and costs so.
    const dear = { taskId: longer.task.id, mode: 'remix', prompt: 'in snow', maxCostUsd: 1.19 } as const;
    await expect(videos.revise(dear)).rejects.toMatchObject({ code: 'budget_exceeded', details: { costUsd: 1.2 } });
    const snow = await videos.revise({ ...dear, maxCostUsd: 1.2 });
    expect(snow.task).toMatchObject({ seconds: 12, quoted: 1_200_000 });
    const anew = await studio.settle(id!);
    expect(anew.scenes[1]).toMatchObject({ task: { id: snow.task.id }, seconds: 12 });
    expect((await inspectClip(anew.filmPath!)).seconds).toBeCloseTo(16, 1);

    // What was revised is not made again unasked.
    const same = await storyboards.make({ storyboardId: id, scenes: [{ scene: 2 }, { scene: 1 }] });
    expect(same.newCost).toBe(0);
  });

  test('a revision that fails leaves the scene as it was, and says so', async () => {
    const studio = await openStudio();
    const { id } = await studio.storyboards.make(FILM);
    const before = await studio.settle(id!);
    const first = before.scenes[0]!.task!;
    await studio.videos.revise({ taskId: first.id, mode: 'edit', prompt: 'one, but [fail]' });
    const after = await studio.settle(id!);
    expect(after).toMatchObject({ status: 'completed', filmPath: before.filmPath });
    expect(after.scenes[0]).toMatchObject({
      task: { id: first.id },
      revision: { state: 'failed', error: { code: 'moderation_blocked' } },
    });
  });

  test('a video grows as often and as long as its upstream lets it', async () => {
    expect(dialectNamed('openai').limits).toMatchObject({ extensions: 6, extendedSeconds: 120 });
    const limits = { minPollMs: 500, usualJobMs: 1_000, extensions: 2, extendedSeconds: 16 };
    const { videos, tasks, until } = await openStudio({ backends: { forwarding: { limits } } });
    const extend = async (taskId: string, seconds: number) => {
      await until(async () => (await tasks.get(taskId)).task.state === 'completed');
      return (await videos.revise({ taskId, mode: 'extend', prompt: 'on', seconds })).task.id;
    };
    const { task } = await videos.generate({ prompt: 'one', backend: 'forwarding', duration: 4 });
    const once = await extend(task.id, 4);
    const refusal = { code: 'limit_exceeded', field: 'seconds' };
    await expect(extend(once, 12)).rejects.toMatchObject({ ...refusal, hint: 'Add at most 8 s.' });
    const twice = await extend(once, 4);
    await expect(extend(twice, 4)).rejects.toMatchObject({
      ...refusal,
      message: 'forwarding extends a video 2 times, and it was',
    });
    expect((await tasks.get(twice)).totalSeconds).toBe(12);
  });

  test('what its backend cannot do is refused, with who can', async () => {
    const studio = await openStudio();
    const { id } = await studio.storyboards.make({ ...FILM, priority: 'cost' });
    const made = await studio.settle(id!);
    const { task } = made.scenes[0]!;
    expect(task?.backend).toBe('reverse');
    const jobs = studio.sandbox.jobs().length;
    await expect(studio.videos.revise({ taskId: task!.id, mode: 'remix', prompt: 'x' })).rejects.toMatchObject({
      code: 'not_supported',
      field: 'mode',
      hint: expect.stringContaining('These do: forwarding'),
      details: { able: ['forwarding'] },
    });
    expect(studio.sandbox.jobs()).toHaveLength(jobs);
  });

  test('bad input names its field', async () => {
    const studio = await openStudio();
    const { id } = await studio.storyboards.make(FILM);
    const early = (await studio.storyboards.get(id!)).scenes[0]!.task!.id;
    const bad: [Parameters<typeof studio.videos.revise>[0], string, RegExp][] = [
      [{ taskId: early, mode: 'remix', prompt: ' ' }, 'prompt', /empty/],
      [{ taskId: early, mode: 'remix', prompt: 'x', seconds: 4 }, 'seconds', /for extend/],
      [{ taskId: id!, mode: 'remix', prompt: 'x' }, 'task_id', /is a storyboard/],
      [{ taskId: 'task_x', mode: 'remix', prompt: 'x' }, 'task_id', /no task/],
      [{ taskId: early, mode: 'remix', prompt: 'x' }, 'task_id', /only a completed/],
      [{ taskId: early, mode: 'remix', prompt: '@nobody' }, 'task_id', /only a completed/],
    ];
    for (const [input, field, message] of bad) {
      await expect(studio.videos.revise(input)).rejects.toMatchObject({
        field,
        message: expect.stringMatching(message),
      });
    }
    const scenes = studio.videos.revise({ taskId: id!, mode: 'remix', prompt: 'x' });
    await expect(scenes).rejects.toMatchObject({ hint: expect.stringContaining(`scene 1 ${early}`) });
    await studio.settle(id!);
    const late = { taskId: early, prompt: 'x' } as const;
    await expect(studio.videos.revise({ ...late, mode: 'extend', seconds: 90 })).rejects.toMatchObject({
      field: 'seconds',
      hint: expect.stringContaining('4, 8, 12, 16, 20 s'),
    });
    await expect(studio.videos.revise({ ...late, mode: 'remix', prompt: '@nobody' })).rejects.toMatchObject({
      field: 'prompt',
    });
  });

  test('a character that is mentioned is words only, and that is said', async () => {
    const studio = await openStudio();
    const { id } = await studio.storyboards.make(FILM);
    const { task } = (await studio.settle(id!)).scenes[0]!;
    const filePath = join(studio.core.store.dataDir, 'girl.mp4');
    await writeFile(filePath, await clipBytes());
    const videoUrl = 'https://example.com/boy.mp4';
    await studio.characters.create({ name: 'A Girl', filePath, backend: 'forwarding', rightsConfirmed: true });
    await studio.characters.create({ name: 'A Boy', videoUrl, backend: 'reverse', rightsConfirmed: true });
    const prompt = '@a_girl waves at @a_boy';
    const { task: revision } = await studio.videos.revise({ taskId: task!.id, mode: 'remix', prompt });
    expect(revision.sentPrompt).toBe('A Girl waves at A Boy');
    expect(revision.reasons.slice(1)).toEqual([
      '@a_girl is sent as a name only: remix takes words, no characters.',
      '@a_boy is sent as a name only: remix takes words, no characters, and it is not bound on forwarding.',
    ]);
  });

  test('the upstream’s picture is kept with the video, and small enough to look at', async () => {
    const studio = await openStudio();
    const { id } = await studio.storyboards.make(FILM);
    const made = await studio.settle(id!);
    const { task } = made.scenes[0]!;
    await studio.until(() => studio.core.store.tasks.byId(task!.id)?.stillPath !== undefined);
    const kept = studio.core.store.tasks.byId(task!.id)!;
    expect((await readFile(kept.stillPath!)).length).toBeGreaterThan(100);
    const asked = studio.sandbox.requests().length;
    const still = await studio.tasks.still(task!.id);
    expect(still?.mimeType).toMatch(/^image\/(jpeg|webp)$/);
    expect(still!.data.length).toBeLessThanOrEqual(60 * 1024);
    expect(studio.sandbox.requests()).toHaveLength(asked);
  });

  test('a video without a thumbnail is shown by its spritesheet', async () => {
    const studio = await openStudio();
    const backend = studio.core.backends.get('forwarding')!;
    const asked: string[] = [];
    const openContent: typeof backend.openContent = (video, variant, ...rest) => {
      asked.push(variant);
      if (variant === 'thumbnail') throw new SoraError({ code: 'not_found', message: 'no such variant' });
      return backend.openContent(video, variant, ...rest);
    };
    const backends = studio.core.backends as Map<string, typeof backend>;
    backends.set('forwarding', Object.assign(Object.create(backend), { openContent }));
    const { id } = await studio.storyboards.make(FILM);
    const { task } = (await studio.settle(id!)).scenes[0]!;
    await studio.until(() => studio.core.store.tasks.byId(task!.id)?.stillPath !== undefined);
    expect(asked).toContain('thumbnail');
    expect((await studio.tasks.still(task!.id))?.data.length).toBeGreaterThan(100);
  });
});

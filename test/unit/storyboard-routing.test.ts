import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { boardView } from '../../src/mcp/board-views.ts';
import { clipBytes } from '../helpers/media.ts';
import { openStudio, type Studio } from '../helpers/studio.ts';

const WIDE_ONLY = { models: [{ id: 'sora-2', status: 'active', sizes: ['1280x720'], seconds: [] }] } as const;

/** `ann` is bound on the forwarding backend only, `bob` on the reverse one only. */
async function withCast(): Promise<Studio> {
  const studio = await openStudio({ backends: { reverse: WIDE_ONLY } });
  const clip = join(studio.core.store.dataDir, 'ann.mp4');
  await writeFile(clip, await clipBytes());
  await studio.characters.create({ name: 'Ann', filePath: clip, backend: 'forwarding', rightsConfirmed: true });
  const videoUrl = 'https://example.com/bob.mp4';
  await studio.characters.create({ name: 'Bob', videoUrl, backend: 'reverse', rightsConfirmed: true });
  return studio;
}

function backends(report: { scenes: readonly { backend?: string | undefined }[] }) {
  return report.scenes.map(({ backend }) => backend);
}

describe('where scenes are made', () => {
  test('a size that is asked for goes before the price, as for a single clip', async () => {
    const { storyboards, videos } = await openStudio();
    const scenes = [{ prompt: 'a', size: '1280x720' }, { prompt: 'b' }];
    const plan = await storyboards.make({ title: 'Wide', scenes, dryRun: true });
    const { task } = await videos.generate({ prompt: 'a', size: '1280x720' });
    expect(task.backend).toBe('forwarding');
    expect(backends(plan)).toEqual(['forwarding', 'forwarding']);
  });

  test('scenes that share a character share its backend, though another is cheaper', async () => {
    const { storyboards } = await withCast();
    const scenes = [{ prompt: '@ann wakes' }, { prompt: 'an empty street' }, { prompt: 'a door', characters: ['ann'] }];
    const plan = await storyboards.make({ title: 'Ann', scenes, dryRun: true });
    expect(backends(plan)).toEqual(['forwarding', 'forwarding', 'forwarding']);
    expect(plan.scenes[0]?.reasons?.join()).toContain('forwarding makes all 3 scenes for $1.20');
    expect(boardView(plan)).toMatchObject({ backend: 'forwarding', model: 'sora-2' });
    const all = await storyboards.make({
      title: 'Bob',
      characters: ['bob'],
      scenes: [{ prompt: 'a' }, { prompt: 'b' }],
      dryRun: true,
    });
    expect(backends(all)).toEqual(['reverse', 'reverse']);
  });

  test('scenes that share nobody may go to several, and that is told', async () => {
    const { storyboards } = await withCast();
    const scenes = [{ prompt: '@ann wakes' }, { prompt: '@bob wakes' }, { prompt: 'the sea' }];
    const plan = await storyboards.make({ title: 'Both', scenes, dryRun: true });
    expect(backends(plan)).toEqual(['forwarding', 'reverse', 'reverse']);
    expect(plan.notes.join()).toContain('made on forwarding and reverse');
  });

  test('no backend for all that share a character: refused, with what is missing where', async () => {
    const { storyboards } = await withCast();
    const scenes = [{ prompt: '@ann wakes' }, { prompt: '@ann, for a minute', duration: 60 }];
    await expect(storyboards.make({ title: 'Long', scenes, dryRun: true })).rejects.toMatchObject({
      code: 'limit_exceeded',
      field: 'scenes[1].duration',
    });
    const both = [{ prompt: '@ann meets @bob' }];
    await expect(storyboards.make({ title: 'Both', scenes: both, dryRun: true })).rejects.toMatchObject({
      code: 'character_not_ready',
      field: 'scenes[0].characters',
    });
  });

  test('what stays has chosen the backend for its character', async () => {
    const studio = await withCast();
    const { storyboards } = studio;
    const { id } = await storyboards.make({ title: 'Bob', scenes: [{ prompt: '@bob wakes' }], characters: ['bob'] });
    await studio.settle(id!);
    const more = await storyboards.make({
      storyboardId: id,
      scenes: [{ scene: 1 }, { prompt: '@bob sleeps' }],
      priority: 'stability',
      dryRun: true,
    });
    expect(backends(more)).toEqual(['reverse', 'reverse']);
    const scenes = [{ scene: 1 }, { prompt: '@bob at sea', size: '720x1280' }];
    const elsewhere = storyboards.make({ storyboardId: id, scenes, dryRun: true });
    await expect(elsewhere).rejects.toMatchObject({ field: expect.stringMatching(/^scenes\[1\]\./) });
  });
});

describe('bad input', () => {
  const cases: [string, Record<string, unknown>, string, RegExp][] = [
    ['no title', { scenes: [{ prompt: 'a' }] }, 'title', /missing/],
    ['an empty title', { title: ' \n', scenes: [{ prompt: 'a' }] }, 'title', /empty/],
    ['no scenes', { title: 'T' }, 'scenes', /missing/],
    ['an empty list', { title: 'T', scenes: [] }, 'scenes', /0 entries/],
    ['too many', { title: 'T', scenes: Array(101).fill({ prompt: 'a' }) }, 'scenes', /101 entries/],
    ['no prompt', { title: 'T', scenes: [{ prompt: 'a' }, { duration: 4 }] }, 'scenes[1].prompt', /no prompt/],
    ['a blank prompt', { title: 'T', scenes: [{ prompt: '  ' }] }, 'scenes[0].prompt', /empty/],
    ['a strange size', { title: 'T', scenes: [{ prompt: 'a', size: 'big' }] }, 'scenes[0].size', /WIDTHxHEIGHT/],
    ['a size nobody makes', { title: 'T', scenes: [{ prompt: 'a', size: '10x10' }] }, 'scenes[0].size', /10x10/],
    ['a length', { title: 'T', scenes: [{ prompt: 'a', duration: 700 }] }, 'scenes[0].duration', /700/],
    ['no length', { title: 'T', scenes: [{ prompt: 'a', duration: -1 }] }, 'scenes[0].duration', /-1/],
    ['a stranger', { title: 'T', scenes: [{ prompt: 'a' }, { prompt: '@carl' }] }, 'scenes[1].prompt', /carl/],
    ['a listed one', { title: 'T', scenes: [{ prompt: 'a', characters: ['x'] }] }, 'scenes[0].characters', /@x/],
    ['one for all', { title: 'T', scenes: [{ prompt: 'a' }], characters: ['x'] }, 'characters', /@x/],
    ['one in style', { title: 'T', scenes: [{ prompt: 'a' }], style: 'like @x' }, 'style', /@x/],
    ['a number', { title: 'T', scenes: [{ scene: 1 }] }, 'scenes[0].scene', /no scene 1/],
    ['no such storyboard', { storyboardId: 'board_x' }, 'storyboard_id', /board_x/],
  ];

  test('names the field it is in, and makes nothing', async () => {
    const studio = await openStudio({ backends: { reverse: WIDE_ONLY } });
    for (const [what, input, field, message] of cases) {
      const error = await studio.storyboards.make(input).catch((thrown: unknown) => thrown);
      expect(error, what).toMatchObject({ field, charged: 'no', message: expect.stringMatching(message) });
      expect(
        (error as { hint?: string; details?: unknown }).hint ?? (error as { details?: unknown }).details,
        what,
      ).toBeTruthy();
    }
    expect(studio.sandbox.requests()).toEqual([]);
    expect(studio.core.store.tasks.latest('local', 1)).toEqual([]);
  });

  test('of a change names the field, too', async () => {
    const studio = await openStudio();
    const { id } = await studio.storyboards.make({ title: 'T', scenes: [{ prompt: 'a' }] });
    const bad: [Record<string, unknown>, string][] = [
      [{ scenes: [{ scene: 2 }] }, 'scenes[0].scene'],
      [{ scenes: [{ scene: 1 }, { scene: 1 }] }, 'scenes[1].scene'],
      [{ scenes: [{ scene: 1, prompt: '' }] }, 'scenes[0].prompt'],
      [{ title: '' }, 'title'],
    ];
    for (const [input, field] of bad) {
      await expect(studio.storyboards.make({ storyboardId: id, ...input })).rejects.toMatchObject({ field });
    }
    await expect(studio.storyboards.get('board_nobody')).rejects.toMatchObject({
      hint: expect.stringContaining(`${id} (T)`),
    });
  });
});

test('scenes that wait for a backend that is down are planned elsewhere when they are wanted anew', async () => {
  // Nobody listens there.
  const studio = await openStudio({ backends: { reverse: { baseUrl: new URL('http://127.0.0.1:9/v1') } } });
  const { id } = await studio.storyboards.make({ title: 'Film', scenes: [{ prompt: 'a' }, { prompt: 'b' }] });
  await studio.until(() => studio.core.backends.get('reverse')?.health().state === 'down');
  const waiting = await studio.storyboards.get(id!);
  expect(waiting.scenes.map(({ status, waiting: why }) => [status, typeof why])).toEqual([
    ['reserved', 'string'],
    ['reserved', 'string'],
  ]);
  const scenes = [1, 2].map((scene) => ({ scene, redo: true }));
  await studio.storyboards.make({ storyboardId: id, scenes });
  const report = await studio.settle(id!);
  expect(report.status).toBe('completed');
  expect(backends(report)).toEqual(['forwarding', 'forwarding']);
  expect(studio.sandbox.jobs()).toHaveLength(2);
});

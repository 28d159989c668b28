import { existsSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inspectClip } from '../../src/media/clip.ts';
import type { StoryboardReport } from '../../src/services/services.ts';
import { openStudio, type Studio } from '../helpers/studio.ts';

const FILM = { title: 'Film', scenes: [{ prompt: 'one' }, { prompt: 'two' }], priority: 'stability' } as const;
const REVERSED = [{ scene: 2 }, { scene: 1 }];
const ONE_DAY_MS = 24 * 3_600_000;

async function finished(title: string = FILM.title, studio?: Studio) {
  const made = studio ?? (await openStudio());
  const { id } = await made.storyboards.make({ ...FILM, title });
  return { studio: made, id: id!, before: await made.settle(id!) };
}

function films({ core }: Studio): string[] {
  return readdirSync(join(core.store.dataDir, 'films')).sort();
}

function removeClip(report: StoryboardReport, scene: number): string {
  const path = report.scenes[scene - 1]!.task!.filePath!;
  rmSync(path);
  return path;
}

describe('a file that is gone from the disk', () => {
  test('a film is joined again by whoever looks, and by whoever asks to make it', async () => {
    const { studio, id, before } = await finished();
    rmSync(before.filmPath!);
    expect(await studio.storyboards.get(id)).toMatchObject({ status: 'making', filmPath: undefined });
    expect(await studio.settle(id)).toMatchObject({ status: 'completed', filmPath: before.filmPath });
    expect(existsSync(before.filmPath!)).toBe(true);
    rmSync(before.filmPath!);
    const made = await studio.storyboards.make({ storyboardId: id });
    expect(made).toMatchObject({ status: 'making', filmPath: undefined, newCost: 0 });
    expect((await studio.settle(id)).status).toBe('completed');
    expect(studio.sandbox.jobs()).toHaveLength(2);
  });

  test('a clip is fetched again when the film needs it', async () => {
    const { studio, id, before } = await finished();
    const path = removeClip(before, 2);
    await studio.storyboards.make({ storyboardId: id, scenes: REVERSED });
    const after = await studio.settle(id);
    expect(after).toMatchObject({ status: 'completed', cost: before.cost });
    expect((await inspectClip(after.filmPath!)).seconds).toBeCloseTo(8, 1);
    expect(existsSync(path)).toBe(true);
    expect(studio.sandbox.jobs()).toHaveLength(2);
  });

  test('a clip that is gone upstream too is told, and makes its scene again', async () => {
    const { studio, id, before } = await finished();
    studio.sandbox.clock.advance(ONE_DAY_MS);
    removeClip(before, 2);
    const backend = studio.core.backends.get('forwarding')!;
    const remoteId = before.scenes[1]!.task!.remoteId!;
    const getVideo = async () => ({ remoteId, state: 'expired' as const });
    const backends = studio.core.backends as Map<string, typeof backend>;
    backends.set('forwarding', Object.assign(Object.create(backend), { getVideo }));
    rmSync(before.filmPath!);
    const after = await studio.settle(id);
    expect(after).toMatchObject({ status: 'attention', filmPath: undefined, filmError: undefined });
    const { status, task } = after.scenes[1]!;
    expect([status, task?.filePath, task?.error?.code]).toEqual(['expired', undefined, 'link_expired']);
    expect(task?.error?.message).toContain('no file of it here');
    backends.set('forwarding', backend);
    expect(await studio.storyboards.make({ storyboardId: id })).toMatchObject({ newCost: 400_000 });
    expect((await studio.settle(id)).status).toBe('completed');
  });

  test('a clip whose backend is not configured any more is told at once', async () => {
    const { studio, id, before } = await finished();
    removeClip(before, 2);
    rmSync(before.filmPath!);
    (studio.core.backends as Map<string, unknown>).delete('forwarding');
    const after = await studio.settle(id);
    expect(after.status).toBe('attention');
    expect(after.scenes[1]?.task?.error?.message).toContain('its file is gone from the disk');
  });
});

describe('the film’s file', () => {
  test('takes the place of the one before, and of no other storyboard’s', async () => {
    const { studio, id, before } = await finished();
    const { before: other } = await finished(FILM.title, studio);
    await studio.storyboards.make({ storyboardId: id, scenes: REVERSED });
    // It stays until the new one stands.
    expect(existsSync(before.filmPath!)).toBe(true);
    const reordered = await studio.settle(id);
    await studio.storyboards.make({ storyboardId: id, title: 'Renamed' });
    const renamed = await studio.settle(id);
    expect(reordered.filmPath).not.toBe(before.filmPath);
    const kept = [other, renamed].map(({ filmPath }) => basename(filmPath!)).sort();
    await studio.until(() => films(studio).length === kept.length);
    expect(films(studio)).toEqual(kept);
  });

  test('is called film where the title has no letters', async () => {
    const { before } = await finished('🎬✨');
    expect(basename(before.filmPath!)).toMatch(/^film-[0-9a-f]{8}\.mp4$/);
  });
});

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import type { ContentVariant } from '../../src/backends/backend.ts';
import { renderSpritesheet, renderThumbnail } from '../../src/sandbox/media/stills.ts';
import { keepStill, stillOf } from '../../src/services/stills.ts';
import { clipBytes } from '../helpers/media.ts';
import { openStudio } from '../helpers/studio.ts';
import { aTask } from '../store/fixtures.ts';

const SCENE = { prompt: 'a fox', seconds: 4, width: 320, height: 180, characters: [], label: 'test' };
const THUMBNAIL = renderThumbnail(SCENE);
const SPRITESHEET = renderSpritesheet(SCENE);
const GIF = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');

/** A finished task of a backend that answers each variant with these bytes. */
async function studioWith(answers: Partial<Record<ContentVariant, Uint8Array>>) {
  const { core } = await openStudio();
  const backend = core.backends.get('forwarding')!;
  const asked: string[] = [];
  const openContent: typeof backend.openContent = async (_, variant) => {
    asked.push(variant);
    const bytes = answers[variant] ?? new Uint8Array();
    return { body: Readable.from([bytes]), offset: 0, contentType: 'image/webp' };
  };
  const backends = new Map([['forwarding', { ...backend, openContent }]]);
  const task = aTask({ backend: 'forwarding', route: 'forwarding', state: 'completed', remoteId: 'video_1' });
  core.store.tasks.insert(task);
  return { core: { ...core, backends }, asked, now: () => core.store.tasks.byId(task.id)! };
}

test.each<[string, () => Promise<Uint8Array> | Uint8Array]>([
  ['the video’s own bytes', () => clipBytes()],
  ['nothing', () => new Uint8Array()],
  ['a picture that is cut off', () => THUMBNAIL.subarray(0, THUMBNAIL.length >> 1)],
  ['a sheet that is cut off', () => SPRITESHEET.subarray(0, SPRITESHEET.length >> 1)],
  ['a GIF', () => GIF],
])('a thumbnail that is %s gives way to the spritesheet', async (_, thumbnail) => {
  const { core, asked, now } = await studioWith({ thumbnail: await thumbnail(), spritesheet: SPRITESHEET });
  await keepStill(core, now());
  expect(asked).toEqual(['thumbnail', 'spritesheet']);
  expect(Buffer.compare(await readFile(now().stillPath!), SPRITESHEET)).toBe(0);
  expect((await stillOf(core, now()))?.mimeType).toBe('image/jpeg');
  expect(asked).toHaveLength(2);
});

test('nothing that is no picture is kept', async () => {
  const { core, asked, now } = await studioWith({ thumbnail: GIF, spritesheet: GIF });
  await keepStill(core, now());
  expect(asked).toEqual(['thumbnail', 'spritesheet']);
  expect(now()).not.toHaveProperty('stillPath');
  expect(await stillOf(core, now())).toBeUndefined();
});

test('one that was kept and cannot be read is fetched anew', async () => {
  const { core, asked, now } = await studioWith({ thumbnail: THUMBNAIL });
  const stillPath = join(core.store.dataDir, 'rubbish.img');
  await writeFile(stillPath, GIF);
  core.store.tasks.update(now().id, { stillPath });
  expect((await stillOf(core, now()))?.mimeType).toBe('image/webp');
  expect(asked).toEqual(['thumbnail']);
  expect(now().stillPath).not.toBe(stillPath);
  await stillOf(core, now());
  expect(asked).toHaveLength(1);
});

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dialectNamed } from '../../src/backends/registry.ts';
import { checkSourceTask } from '../../src/services/source-clip.ts';
import { clipBytes } from '../helpers/media.ts';
import { openStudio, type Studio } from '../helpers/studio.ts';

async function file(studio: Studio, name: string, bytes: Uint8Array | string): Promise<string> {
  const path = join(studio.core.store.dataDir, name);
  await writeFile(path, bytes);
  return path;
}

const GIRL = { name: 'Coffee Girl', backend: 'forwarding', rightsConfirmed: true } as const;

describe('the clip of a character is looked at before money is spent', () => {
  test('what is no usable clip is refused in plain words, and nothing is sent', async () => {
    const studio = await openStudio();
    const bad: [string, Uint8Array | string, Record<string, unknown>][] = [
      ['notes.mp4', 'hello, I am a text', { code: 'file_invalid' }],
      ['cut.mp4', (await clipBytes()).slice(0, 5_000), { code: 'file_invalid' }],
      [
        'long.mp4',
        await clipBytes({ seconds: 8 }),
        {
          code: 'file_invalid',
          field: 'file_path',
          message: 'the clip is 8.0 s; forwarding wants 2 to 4 s and takes clips whole',
          hint: expect.stringContaining('cut this one first'),
        },
      ],
      [
        'short.mp4',
        await clipBytes({ seconds: 1 }),
        { code: 'file_invalid', message: expect.stringContaining('2 to 4 s') },
      ],
      [
        'small.mp4',
        await clipBytes({ width: 320, height: 180 }),
        { code: 'file_invalid', message: expect.stringContaining('320x180; this backend wants at least 720 pixels') },
      ],
      [
        'square.mp4',
        await clipBytes({ width: 720, height: 720 }),
        { code: 'file_invalid', message: expect.stringContaining('wants 16:9 or 9:16') },
      ],
    ];
    for (const [name, bytes, facts] of bad) {
      const filePath = await file(studio, name, bytes);
      await expect(studio.characters.create({ ...GIRL, filePath }), name).rejects.toMatchObject({
        charged: 'no',
        ...facts,
      });
    }
    const late = { filePath: await file(studio, 'late.mp4', await clipBytes()), startSeconds: 9 };
    await expect(studio.characters.create({ ...GIRL, ...late })).rejects.toMatchObject({ field: 'start_seconds' });
    expect(studio.sandbox.requests()).toEqual([]);
    expect((await studio.characters.list({})).characters).toEqual([]);
    const filePath = await file(studio, 'good.mp4', await clipBytes());
    const made = await studio.characters.create({ ...GIRL, filePath });
    expect(made.bindings).toMatchObject([{ backend: 'forwarding', state: 'ready' }]);
  });

  test('a part of an address’s clip is judged by its ends', async () => {
    const studio = await openStudio({ backends: { reverse: { dialect: dialectNamed('sora-v1') } } });
    const create = (span: { startSeconds?: number; endSeconds?: number }) =>
      studio.characters.create({ ...GIRL, backend: 'reverse', videoUrl: 'https://example.com/girl.mp4', ...span });
    await expect(create({ startSeconds: 1, endSeconds: 9 })).rejects.toMatchObject({
      field: 'end_seconds',
      message: 'from 1 to 9 are 8 s; the backend wants 1 to 3 s of the clip',
      hint: expect.stringContaining('end_seconds 4'),
    });
    await expect(create({ endSeconds: 0.5 })).rejects.toMatchObject({
      field: 'end_seconds',
      message: 'from 0 to 0.5 are 0.5 s; the backend wants 1 to 3 s of the clip',
    });
    expect(studio.sandbox.requests()).toEqual([]);
  });

  test('a part is refused where clips are taken whole, of an address as of a file', async () => {
    const studio = await openStudio();
    const videoUrl = 'https://example.com/girl.mp4';
    const whole = (backend: string) => ({
      code: 'not_supported',
      message: `${backend} takes clips whole; start_seconds and end_seconds do not help there`,
    });
    const filePath = await file(studio, 'good.mp4', await clipBytes());
    for (const source of [{ videoUrl }, { filePath }]) {
      const refused = studio.characters.create({ ...GIRL, ...source, startSeconds: 0, endSeconds: 2 });
      await expect(refused).rejects.toMatchObject({ ...whole('forwarding'), field: 'start_seconds' });
    }
    const refused = studio.characters.create({ ...GIRL, backend: 'reverse', videoUrl, endSeconds: 2 });
    await expect(refused).rejects.toMatchObject({ ...whole('reverse'), field: 'end_seconds' });
    expect(studio.sandbox.requests()).toEqual([]);
  });

  test('a finished video is judged by its length', async () => {
    const studio = await openStudio();
    const { task } = await studio.videos.generate({ prompt: 'a girl turns', backend: 'reverse', duration: 10 });
    await studio.until(() => studio.core.store.tasks.byId(task.id)?.state === 'completed');
    const extract = (span: { startSeconds?: number; endSeconds?: number }) =>
      studio.characters.extract({ taskId: task.id, name: 'Girl', rightsConfirmed: true, ...span });
    const sent = studio.sandbox.requests().length;
    await expect(extract({ startSeconds: 12 })).rejects.toMatchObject({
      field: 'start_seconds',
      message: expect.stringContaining('10 s long'),
    });
    await expect(extract({ endSeconds: 12 })).rejects.toMatchObject({ field: 'end_seconds' });
    await expect(extract({ startSeconds: 3, endSeconds: 3 })).rejects.toMatchObject({ field: 'end_seconds' });
    await expect(extract({ startSeconds: 1, endSeconds: 3 })).rejects.toMatchObject({
      field: 'start_seconds',
      message: expect.stringContaining('takes clips whole'),
    });
    expect(
      studio.sandbox
        .requests()
        .slice(sent)
        .filter(({ operation }) => operation === 'character-extract'),
    ).toEqual([]);
    expect((await extract({})).handle).toBe('girl');
  });

  test('an end that is not told is not behind the video’s', async () => {
    const studio = await openStudio({ backends: { reverse: { dialect: dialectNamed('sora-v1') } } });
    const { profile } = studio.core.backends.get('reverse')!;
    const check = (startSeconds: number) => {
      try {
        checkSourceTask({ id: 'task_1', seconds: 10 }, profile, { startSeconds });
      } catch (error) {
        return error;
      }
    };
    expect(check(9.5)).toMatchObject({
      field: 'end_seconds',
      message: '3 s from 9.5 on end at 12.5, but the video is 10 s long',
      hint: 'Pass start_seconds 7 and end_seconds 10.',
    });
    expect(check(8.5)).toMatchObject({ hint: 'Pass start_seconds 8.5 and end_seconds 10.' });
    expect(check(7)).toBeUndefined();
  });

  test('advice fits the length of the video', async () => {
    const studio = await openStudio();
    const hintFor = async (duration: number) => {
      const { task } = await studio.videos.generate({ prompt: 'a girl turns', backend: 'forwarding', duration });
      const saved = () => studio.core.store.tasks.byId(task.id)?.filePath;
      await studio.until(() => saved() !== undefined);
      const refused = studio.characters.extract({ taskId: task.id, name: 'Girl', rightsConfirmed: true });
      const { hint } = await refused.catch((error) => error);
      return hint.replace(saved(), 'FILE').replace(/^[^.]*\. /, '');
    };
    expect(await hintFor(4)).toBe('Or use create_character with file_path FILE.');
    expect(await hintFor(8)).toBe('Or cut 2 to 4 s out of FILE, and use create_character with that as file_path.');
  });
});

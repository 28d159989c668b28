import { describe, expect, test } from 'vitest';
import { failure } from '../helpers/app.ts';
import { openStudio } from '../helpers/studio.ts';

describe('a name that makes no handle', () => {
  const A = { name: 'A', videoUrl: 'https://example.com/a.mp4', rightsConfirmed: true };

  test.each([
    ['a missing clip', { videoUrl: undefined }, 'video_url'],
    ['two clips', { filePath: '/tmp/eve.mp4' }, 'video_url'],
    ['an end before the start', { startSeconds: 3, endSeconds: 2 }, 'end_seconds'],
    ['a description that is too long', { description: 'a'.repeat(1_001) }, 'description'],
  ])('is told after %s', async (_, wrong, field) => {
    const { characters } = await openStudio();
    expect(await failure(characters.create({ ...A, ...wrong }))).toMatchObject({ code: 'invalid_argument', field });
  });

  test('is told with what a handle must be', async () => {
    const { characters } = await openStudio();
    expect(await failure(characters.create(A))).toMatchObject({
      code: 'invalid_argument',
      field: 'handle',
      hint: 'Give handle too: 2 to 40 of a-z, 0-9 and _, starting with a letter, e.g. coffee_girl.',
    });
    const extracted = characters.extract({ taskId: 'task_none', name: 'A', rightsConfirmed: true });
    expect(await failure(extracted)).toMatchObject({ code: 'not_found', field: 'task_id' });
  });
});

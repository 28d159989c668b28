import { expect, test } from 'vitest';
import { failure, startApp } from '../helpers/app.ts';

/** A job that is done at the first look: how soon the second comes depends on how late the first was. */
const soon = { sandboxOptions: { jobMs: 1 } };
const hero = { name: 'Hero', description: 'x', rightsConfirmed: true, backend: 'forwarding' };

test('of a backend inside the network a caller may name the clips it made, and nothing else', async () => {
  const app = await startApp(soon);
  const { task } = await app.make('a fox', { backend: 'reverse', duration: 4 });
  const { videoUrl } = await app.reaches(task.id, 'completed');
  const { origin } = app.sandbox;
  for (const url of [`${origin}/internal/admin`, `${videoUrl}?x`, videoUrl!.replace('.mp4', '.mov')]) {
    const refusal = await failure(app.services.characters.create({ ...hero, videoUrl: url }));
    expect(refusal).toMatchObject({ code: 'address_not_allowed', charged: 'no' });
  }
  expect(app.sandbox.requests().some(({ path }) => path.includes('internal'))).toBe(false);
  const { bindings } = await app.services.characters.create({ ...hero, videoUrl });
  expect(bindings).toMatchObject([{ backend: 'forwarding', state: 'ready' }]);
  expect(app.services.backends().every(({ health }) => health === 'up')).toBe(true);
});

test('who cannot be helped by a path of this machine is not told one', async () => {
  const app = await startApp(soon);
  const extractHint = async (workspace: string) => {
    const { videos, characters } = app.app.services(workspace);
    const { task } = await videos.generate({ prompt: 'a fox', backend: 'forwarding', duration: 4 });
    const { filePath } = await app.reaches(task.id, 'completed');
    const refusal = await failure(characters.extract({ taskId: task.id, name: 'Fox', rightsConfirmed: true }));
    return { hint: refusal.hint, filePath };
  };
  const local = await extractHint('local');
  expect(local.hint).toContain(`create_character with file_path ${local.filePath}.`);
  expect((await extractHint('remote')).hint).toBe('These do, from their own videos: reverse.');
});

import { expect, test } from 'vitest';
import { failure, startApp } from '../helpers/app.ts';

const clip = { videoUrl: 'https://example.invalid/hero.mp4', rightsConfirmed: true, backend: 'reverse' };

test('an escaped mention is no way to another workspace’s character; a literal @ is still one', async () => {
  const app = await startApp();
  const [alpha, beta] = [app.app.services('alpha'), app.app.services('beta')];
  const { bindings } = await alpha.characters.create({ ...clip, name: 'Hero' });
  const id = bindings[0]!.remoteId!;
  for (const text of [`\\@${id} walks`, `mail@${id}`, `\\@${id.toUpperCase()}`, `\\@{${id}}`, `see www.x.com/@${id}`]) {
    const refusal = await failure(beta.videos.generate({ prompt: text, backend: 'reverse' }));
    expect(refusal).toMatchObject({ code: 'invalid_argument', field: 'prompt', charged: 'no' });
  }
  const named = await beta.characters.create({ ...clip, name: `@${id}`, handle: 'thief' });
  const board = { title: 'Film', style: `like \\@${id}`, scenes: [{ prompt: '@thief walks' }] };
  expect(await failure(beta.storyboards.make(board))).toMatchObject({ code: 'invalid_argument' });
  expect(app.count('create')).toBe(0);

  for (const prompt of ['\\@home by the sea', 'mail@example.com', `${id} as a word`, '@thief walks \\@home']) {
    await beta.videos.generate({ prompt, backend: 'reverse' });
  }
  await beta.videos.generate({ prompt: `\\@${id}`, backend: 'forwarding', duration: 4 });
  await alpha.videos.generate({ prompt: `@hero and \\@${id}`, backend: 'reverse' });
  expect(app.sandbox.jobs().map(({ prompt }) => prompt)).toEqual([
    '@home by the sea',
    'mail@example.com',
    `${id} as a word`,
    `@${named.bindings[0]!.remoteId} walks @home`,
    `@${id}`,
    `@${id} and @${id}`,
  ]);
});

import { expect, test } from 'vitest';
import { aSandbox, failure, startApp, tempDir } from '../helpers/app.ts';
import { eventually } from '../helpers/crash.ts';

const girl = { name: 'Secret Hero', description: 'confidential', rightsConfirmed: true };
const reverse = { ...girl, videoUrl: 'https://example.invalid/girl.mp4', backend: 'reverse' };

test('a refresh adopts nothing while a create is out there: what is listed may be its', async () => {
  const sandbox = await aSandbox();
  const dataDir = tempDir();
  const maker = await startApp({ sandbox, dataDir });
  // A second process on the same data, alone in its configuration.
  const other = await startApp({ sandbox, dataDir });
  const stranger = { video_url: 'https://example.invalid/x.mp4', name: 'Stranger' };
  const headers = { authorization: 'Bearer k', 'content-type': 'application/json' };
  await fetch(`${sandbox.baseUrl}/sora/characters`, { method: 'POST', headers, body: JSON.stringify(stranger) });
  sandbox.fault({ on: 'character-create', kind: 'hang-after' });
  void maker.app
    .services('alpha')
    .characters.create(reverse)
    .catch(() => {});
  await eventually(() => sandbox.characters().length === 2);

  const during = await other.services.characters.list({ refresh: true });
  expect(during.characters).toEqual([]);
  expect(during.notes).toEqual([expect.stringMatching(/^nothing was adopted from reverse: a character is being made/)]);
  await maker.close();
});

test('where several workspaces use the backends, nothing is adopted at all, and that is said', async () => {
  const app = await startApp();
  const made = await app.services.characters.create(reverse);
  const tenant = app.app.services('tenant').characters;
  const { characters, notes } = await tenant.list({ refresh: true });
  expect(characters).toEqual([]);
  expect(notes).toEqual([expect.stringMatching(/^nothing is adopted: other workspaces use the same backends/)]);
  expect(made.handle).toBe('secret_hero');
});

test('a lost create finds nothing that another workspace’s create of that name could have made', async () => {
  const app = await startApp();
  app.sandbox.fault({ on: 'character-create', kind: 'drop-before', times: 1 });
  const [alpha, beta] = [app.app.services('alpha').characters, app.app.services('beta').characters];
  expect(await failure(beta.create(reverse))).toMatchObject({ charged: 'unknown' });
  app.sandbox.fault({ on: 'character-create', kind: 'drop-after', times: 1 });
  expect(await failure(alpha.create(reverse))).toMatchObject({ charged: 'unknown' });
  for (const characters of [beta, alpha]) {
    const { characters: listed } = await characters.list({ refresh: true });
    expect(listed).toMatchObject([
      { bindings: [{ state: 'unknown', error: expect.stringMatching(/could have made/) }] },
    ]);
  }
});

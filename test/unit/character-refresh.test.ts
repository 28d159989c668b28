import { expect, test } from 'vitest';
import { aBackend, failure, startApp, usd } from '../helpers/app.ts';

test('a refresh says which backends can list', async () => {
  const app = await startApp();
  const { notes } = await app.services.characters.list({ refresh: true, backend: 'forwarding' });
  expect(notes).toEqual(['forwarding cannot list characters; these can: reverse']);
  const alone = await startApp({ backends: [aBackend('forwarding', app.sandbox.baseUrl)] });
  expect((await alone.services.characters.list({ refresh: true })).notes).toEqual([
    'forwarding cannot list characters, and no other configured backend can',
  ]);
});

async function withLost(count: number) {
  const app = await startApp({ track: false });
  app.sandbox.fault({ on: 'character-create', kind: 'drop-before', times: count });
  for (let n = 1; n <= count; n++) {
    const lost = { name: `Lost ${n}`, videoUrl: 'https://example.invalid/lost.mp4', rightsConfirmed: true };
    expect(await failure(app.services.characters.create({ ...lost, backend: 'reverse' }))).toMatchObject({
      charged: 'unknown',
    });
  }
  return app;
}

test('a backend is asked for its list once, however many characters are looked for there', async () => {
  const app = await withLost(3);
  await app.services.characters.list({ refresh: true });
  expect(app.count('character-list')).toBe(1);
});

test('a backend that does not answer is waited for no longer than a client waits; the catalog is told all the same', async () => {
  const app = await withLost(2);
  app.sandbox.fault({ on: 'character-list', kind: 'hang', times: 9 });
  const page = await app.services.characters.list({ refresh: true });
  expect(page.notes).toEqual(['reverse did not answer within 20 s']);
  expect(page.characters).toHaveLength(2);
});

test('who leaves while a person is asked has made no character', async () => {
  const app = await startApp({ budget: usd({ confirmAbove: 0 }), backend: { characterUsd: 0.1 } });
  const caller = new AbortController();
  const confirm = async () => {
    caller.abort();
    return true;
  };
  const girl = { name: 'Girl', videoUrl: 'https://example.invalid/girl.mp4', rightsConfirmed: true };
  const made = app.services.characters.create({ ...girl, backend: 'reverse' }, { signal: caller.signal, confirm });
  expect(await failure(made)).toMatchObject({ code: 'cancelled', charged: 'no' });
  expect(app.count('character-create')).toBe(0);
  expect((await app.services.characters.list({})).characters).toEqual([]);
});

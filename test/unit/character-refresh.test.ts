import { expect, test } from 'vitest';
import { aBackend, startApp } from '../helpers/app.ts';

test('a refresh says which backends can list', async () => {
  const app = await startApp();
  const { notes } = await app.services.characters.list({ refresh: true, backend: 'forwarding' });
  expect(notes).toEqual(['forwarding cannot list characters; these can: reverse']);
  const alone = await startApp({ backends: [aBackend('forwarding', app.sandbox.baseUrl)] });
  expect((await alone.services.characters.list({ refresh: true })).notes).toEqual([
    'forwarding cannot list characters, and no other configured backend can',
  ]);
});

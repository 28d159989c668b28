import { rm, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { aBackend, aSandbox, failure, startApp, usd } from '../helpers/app.ts';
import { eventually } from '../helpers/crash.ts';
import { clipBytes } from '../helpers/media.ts';

/** One dot. */
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const FORWARDING = { backend: 'forwarding' };

/** A host whose files begin, and never end. */
async function slowHost() {
  const open = new Set<ServerResponse>();
  const site = createServer((_, response) => {
    open.add(response);
    response.on('close', () => open.delete(response));
    response.setHeader('content-type', 'image/png').write('\x89PNG');
  });
  await new Promise<void>((ready) => site.listen(0, '127.0.0.1', ready));
  onTestFinished(() => {
    site.closeAllConnections();
    site.close();
  });
  return { open, url: `http://127.0.0.1:${(site.address() as AddressInfo).port}/still.png` };
}

describe('who leaves before the create leaves', () => {
  test('while the picture is fetched: it is fetched no further, and nothing is made', async () => {
    const app = await startApp({ fetchHosts: ['127.0.0.1'] });
    const { open, url } = await slowHost();
    const caller = new AbortController();
    const input = { prompt: 'a fox', size: '1280x720', referenceImage: url, ...FORWARDING };
    const made = failure(app.services.videos.generate(input, { signal: caller.signal }));
    await eventually(() => open.size === 1);
    caller.abort();
    expect(await made).toMatchObject({ charged: 'no' });
    await eventually(() => open.size === 0);
    expect(app.store.tasks.latest('local', 1)).toEqual([]);
    expect(app.count('create')).toBe(0);
  });

  test('while a person is asked: nothing is made', async () => {
    const app = await startApp({ budget: usd({ confirmAbove: 0.1 }) });
    const caller = new AbortController();
    const confirm = async () => {
      caller.abort();
      return true;
    };
    const made = app.services.videos.generate({ prompt: 'a fox' }, { signal: caller.signal, confirm });
    expect(await failure(made)).toMatchObject({ code: 'cancelled', charged: 'no' });
    expect(app.store.tasks.latest('local', 1)).toEqual([]);
    expect(app.count('create')).toBe(0);
  });
});

test('a picture that is there already is not fetched again for other backends, which stay to fall back on', async () => {
  const sandbox = await aSandbox();
  let fetched = 0;
  const site = createServer((_, response) => {
    fetched++;
    response.setHeader('content-type', 'image/png').end(PICTURE);
  });
  await new Promise<void>((ready) => site.listen(0, '127.0.0.1', ready));
  onTestFinished(() => void site.close());
  const referenceImage = `http://127.0.0.1:${(site.address() as AddressInfo).port}/still.png`;
  // Nobody listens at the first.
  const backends = [aBackend('forwarding', 'http://127.0.0.1:9/v1', { id: 'dead', weight: 9 })].concat(
    ['one', 'two'].map((id) => aBackend('forwarding', sandbox.baseUrl, { id })),
  );
  const app = await startApp({ sandbox, backends, fetchHosts: ['127.0.0.1'] });
  const { task } = await app.make('a fox', { referenceImage });
  expect(task).toMatchObject({ backend: expect.stringMatching(/one|two/), state: 'queued' });
  expect(fetched).toBe(1);
});

test('a repeat with the same key gets its job though the picture is gone; another picture is another request', async () => {
  const app = await startApp();
  const referenceImage = join(app.dataDir, 'still.png');
  await writeFile(referenceImage, PICTURE);
  const args = { ...FORWARDING, referenceImage, idempotencyKey: 'k' };
  const { task } = await app.make('a fox', args);
  await rm(referenceImage);
  expect((await app.make('a fox', args)).task.id).toBe(task.id);
  const other = join(app.dataDir, 'other.png');
  expect(await failure(app.make('a fox', { ...args, referenceImage: other }))).toMatchObject({ code: 'file_invalid' });
  expect(await failure(app.make('a fox', { ...args, idempotencyKey: 'l' }))).toMatchObject({ code: 'file_invalid' });
  expect(app.count('create')).toBe(1);
});

test('a prompt that is too long once its characters stand in it is refused before anything is sent', async () => {
  const app = await startApp();
  const filePath = join(app.dataDir, 'eve.mp4');
  await writeFile(filePath, await clipBytes());
  const eve = { name: 'Eve of the Long and Winding Name', handle: 'eve', filePath, rightsConfirmed: true };
  await app.services.characters.create({ ...eve, ...FORWARDING });
  const refusal = await failure(app.make('@eve '.repeat(3_000), FORWARDING));
  expect(refusal).toMatchObject({ code: 'invalid_argument', field: 'prompt', charged: 'no' });
  expect(refusal.message).toMatch(/has 98,?999 characters/);
  expect(app.count('create')).toBe(0);
});

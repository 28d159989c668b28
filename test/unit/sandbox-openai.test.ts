import OpenAI, { toFile } from 'openai';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { clipBytes } from '../helpers/media.ts';
import { startTestSandbox, TEST_KEY, type TestSandbox } from '../helpers/sandbox.ts';

let sandbox: TestSandbox;
let client: OpenAI;
beforeEach(async () => {
  sandbox = await startTestSandbox();
  client = new OpenAI({ apiKey: TEST_KEY, baseURL: sandbox.baseUrl, maxRetries: 0 });
});
afterEach(() => sandbox.close());

async function finished(prompt = 'a fox'): Promise<OpenAI.Videos.Video> {
  const video = await client.videos.create({ prompt, model: 'sora-2', seconds: '4', size: '1280x720' });
  sandbox.clock.advance(1_000);
  return video;
}

it('serves the published client from create to delete', async () => {
  const created = await finished();
  expect(created).toMatchObject({ object: 'video', status: 'queued', seconds: '4', size: '1280x720' });
  expect(await client.videos.retrieve(created.id)).toMatchObject({ status: 'completed', progress: 100 });
  const content = await client.videos.downloadContent(created.id);
  expect(
    Buffer.from(await content.arrayBuffer())
      .subarray(4, 8)
      .toString(),
  ).toBe('ftyp');
  const still = await client.videos.downloadContent(created.id, { variant: 'thumbnail' });
  expect(still.headers.get('content-type')).toBe('image/webp');
  const remix = await client.videos.remix(created.id, { prompt: 'in blue' });
  expect(remix.remixed_from_video_id).toBe(created.id);
  expect(await client.videos.delete(created.id)).toEqual({ id: created.id, deleted: true, object: 'video.deleted' });
});

it('pages as the published client expects', async () => {
  for (let i = 0; i < 5; i++) await finished(`fox ${i}`);
  const prompts: (string | null)[] = [];
  for await (const video of client.videos.list({ limit: 2 })) prompts.push(video.prompt);
  expect(prompts).toEqual(['fox 4', 'fox 3', 'fox 2', 'fox 1', 'fox 0']);
});

it('makes characters, edits and extensions for the published client', async () => {
  const video = await toFile(await clipBytes(), 'mia.mp4', { type: 'video/mp4' });
  const mia = await client.videos.createCharacter({ name: 'Mia', video });
  expect(await client.videos.getCharacter(mia.id!)).toEqual(mia);
  const source = await finished();
  const edit = await client.videos.edit({ prompt: 'at night', video: { id: source.id } });
  expect(edit.prompt).toBe('at night');
  const longer = await client.videos.extend({ prompt: 'on', seconds: '8', video: { id: source.id } });
  expect(longer.seconds).toBe('12');
});

it('refuses in the way that the published client understands', async () => {
  const wrong = client.videos.create({ prompt: 'x', size: '1792x1024' });
  await expect(wrong).rejects.toMatchObject({ status: 400, code: 'invalid_value', param: 'size' });
  sandbox.fault({ on: 'create', kind: '429', retryAfter: 1 });
  await expect(client.videos.create({ prompt: 'x' })).rejects.toBeInstanceOf(OpenAI.RateLimitError);
  await expect(client.videos.retrieve('video_none')).rejects.toBeInstanceOf(OpenAI.NotFoundError);
});

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { probe } from '../helpers/media.ts';
import { type Answer, connect, tempDir } from '../helpers/server.ts';

interface Bound {
  readonly character: { readonly id: string; readonly handle: string; readonly bindings: readonly Answer[] };
}

const girl = { name: 'Coffee Girl', video_url: 'https://example.invalid/girl.mp4', rights_confirmed: true };

test('a newcomer makes a video with a character, and finds both after a restart', async () => {
  const dir = tempDir();
  const first = await connect(dir);
  expect(first.client.getInstructions()).toMatch(/sandbox/i);
  const { character } = (await first.call('create_character', girl)) as unknown as Bound;
  expect(character).toMatchObject({ handle: 'coffee_girl', name: 'Coffee Girl' });
  expect(character.bindings).toEqual([
    expect.objectContaining({
      backend: 'sandbox-reverse',
      route: 'reverse',
      mention: expect.stringMatching(/^@char_/),
    }),
  ]);
  const started = await first.call('generate_video', {
    prompt: '@coffee_girl walks along the sea',
    duration: 5,
    size: '1280x720',
  });
  expect(started).toMatchObject({ backend: 'sandbox-reverse', route: 'reverse', cost_usd: 0 });
  expect(started.reasons).toEqual(expect.arrayContaining([expect.stringContaining('only on sandbox-reverse')]));
  const done = await first.finish(String(started.task_id));
  expect(done).toMatchObject({ status: 'completed', progress: 100, cost_usd: 0, backend: 'sandbox-reverse' });
  const path = String(done.file_path);
  expect(path.startsWith(join(dir, 'videos'))).toBe(true);
  const facts = await probe(readFileSync(path));
  expect(facts).toMatchObject({ width: 1280, height: 720 });
  expect(facts.seconds).toBeCloseTo(5, 1);
  await first.close();

  const second = await connect(dir);
  const { characters } = (await second.call('list_characters')) as { characters?: Answer[] };
  expect(characters).toMatchObject([{ handle: 'coffee_girl' }]);
  const { tasks } = (await second.call('get_task')) as { tasks?: Answer[] };
  expect(tasks).toMatchObject([{ task_id: started.task_id, status: 'completed', file_path: path }]);
  const again = await second.call('generate_video', { prompt: '@coffee_girl reads', duration: 4 });
  expect(await second.finish(String(again.task_id))).toMatchObject({ status: 'completed' });
});

test('a completed task comes with a link to its file', async () => {
  const server = await connect(tempDir());
  const { task_id } = await server.call('generate_video', { prompt: 'a fox in the snow' });
  await server.finish(String(task_id));
  const result = await server.client.callTool({ name: 'get_task', arguments: { task_id } });
  const link = result.content.find((part) => part.type === 'resource_link') as { uri: string; mimeType: string };
  expect(link.mimeType).toBe('video/mp4');
  expect(existsSync(new URL(link.uri))).toBe(true);
});

test('two servers on one data directory see each other’s work', async () => {
  const dir = tempDir();
  const [one, two] = await Promise.all([connect(dir), connect(dir)]);
  await one.call('create_character', girl);
  const { task_id } = await two.call('generate_video', { prompt: '@coffee_girl waves', duration: 4 });
  expect(await one.finish(String(task_id))).toMatchObject({ status: 'completed' });
  expect(await two.call('get_task', { task_id })).toMatchObject({ status: 'completed', file_path: expect.any(String) });
});

test('a character is bound to a second backend from its kept source, and several appear in one video', async () => {
  const server = await connect(tempDir());
  await server.call('create_character', girl);
  await server.call('create_character', { ...girl, name: 'Max', video_url: 'https://example.invalid/max.mp4' });
  const both = await server.call('generate_video', { prompt: '@coffee_girl meets @max', characters: ['coffee_girl'] });
  const done = await server.finish(String(both.task_id));
  expect(done).toMatchObject({ status: 'completed' });
  const extracted = (await server.call('extract_character', {
    task_id: both.task_id,
    name: 'Sea Girl',
    rights_confirmed: true,
  })) as unknown as Bound;
  expect(extracted.character.bindings).toMatchObject([{ backend: 'sandbox-reverse' }]);
  expect(await server.call('generate_video', { prompt: '@sea_girl sleeps' })).toMatchObject({ route: 'reverse' });
});

test('the catalog tells by resource, with completion and news', async () => {
  const server = await connect(tempDir());
  await server.call('create_character', girl);
  const { contents } = await server.client.readResource({ uri: 'sora://characters/coffee_girl' });
  expect(JSON.parse((contents[0] as { text: string }).text)).toMatchObject({ handle: 'coffee_girl' });
  const { completion } = await server.client.complete({
    ref: { type: 'ref/resource', uri: 'sora://characters/{handle}' },
    argument: { name: 'handle', value: 'cof' },
  });
  expect(completion.values).toEqual(['coffee_girl']);
  for (const uri of ['sora://characters', 'sora://pricing', 'sora://backends', 'sora://spend']) {
    expect((await server.client.readResource({ uri })).contents).toHaveLength(1);
  }
});

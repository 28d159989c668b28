import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_SECONDS } from '../../src/domain/video.ts';
import { videoFacts } from '../../src/sandbox/media/read.ts';
import { startTestSandbox, type TestSandbox } from '../helpers/sandbox.ts';

let sandbox: TestSandbox;
beforeEach(async () => {
  sandbox = await startTestSandbox();
});
afterEach(() => sandbox.close());

async function newCharacter(name = 'coffee_girl'): Promise<string> {
  const source = { video_url: 'https://example.com/girl.mp4', name, description: 'a barista' };
  const { body } = await sandbox.json('POST', '/v1/sora/characters', source);
  return body.character_id;
}

describe('the seed dialect', () => {
  it('makes, lists and mentions characters, and serves the clip at a link that needs no key', async () => {
    const id = await newCharacter();
    expect(id).toMatch(/^char_\w{24}$/);
    const { body: list } = await sandbox.json('GET', '/v1/sora/characters');
    expect(list.characters).toEqual([
      { character_id: id, name: 'coffee_girl', description: 'a barista', created_at: expect.any(Number) },
    ]);
    const generated = await sandbox.json('POST', '/v1/sora/generate', { prompt: `@${id} opens the café`, duration: 5 });
    expect(Object.keys(generated.body)).toEqual(['task_id']);
    const path = `/v1/sora/tasks/${generated.body.task_id}`;
    expect((await sandbox.json('GET', path)).body).toMatchObject({ status: 'queued' });
    sandbox.clock.advance(1_000);
    const { body: task } = await sandbox.json('GET', path);
    expect(task.status).toBe('completed');
    const link = await fetch(task.video_url);
    expect(link.headers.get('content-type')).toBe('video/mp4');
    expect((await link.arrayBuffer()).byteLength).toBeGreaterThan(10_000);
    expect(sandbox.jobs()[0]).toMatchObject({ accent: 'seed', seconds: 5, characterIds: [id] });
  });

  it('makes a clip as long as any request may be, of a few megabytes', async () => {
    const { body } = await sandbox.json('POST', '/v1/sora/generate', { prompt: 'rain', duration: MAX_SECONDS });
    sandbox.clock.advance(1_000);
    const { video_url } = (await sandbox.json('GET', `/v1/sora/tasks/${body.task_id}`)).body;
    const clip = new Uint8Array(await (await fetch(video_url)).arrayBuffer());
    expect(videoFacts(clip)).toEqual({ seconds: MAX_SECONDS, width: 1280, height: 720 });
    expect(clip.byteLength).toBeLessThan(10_000_000);
  });

  it('lets links lapse and refuses forged ones', async () => {
    const { body } = await sandbox.json('POST', '/v1/sora/generate', { prompt: 'rain', duration: 5 });
    sandbox.clock.advance(1_000);
    const { video_url } = (await sandbox.json('GET', `/v1/sora/tasks/${body.task_id}`)).body;
    const forged = video_url.replace(/\.\w+\.mp4$/, '.000000000000000000000000.mp4');
    expect((await fetch(forged)).status).toBe(403);
    sandbox.clock.advance(24 * 60 * 60 * 1000);
    expect((await fetch(video_url)).status).toBe(410);
  });

  it('extracts a character from a completed task only', async () => {
    const { body } = await sandbox.json('POST', '/v1/sora/generate', { prompt: 'a sailor', duration: 10 });
    const extract = () =>
      sandbox.json('POST', '/v1/sora/characters/extract', { task_id: body.task_id, name: 'sailor' });
    expect((await extract()).body.error.code).toBe('task_not_completed');
    sandbox.clock.advance(1_000);
    const { character_id } = (await extract()).body;
    expect(sandbox.characters()).toMatchObject([{ id: character_id, name: 'sailor', source: body.task_id }]);
    const unknown = await sandbox.json('POST', '/v1/sora/characters/extract', { task_id: 'task_none', name: 'x' });
    expect(unknown.status).toBe(404);
  });

  it('says why a task failed', async () => {
    const { body } = await sandbox.json('POST', '/v1/sora/generate', { prompt: 'blood [fail]', duration: 5 });
    sandbox.clock.advance(1_000);
    const { body: task } = await sandbox.json('GET', `/v1/sora/tasks/${body.task_id}`);
    expect(task).toMatchObject({ status: 'failed', error: expect.stringContaining('moderation') });
    expect(task.video_url).toBeUndefined();
  });

  const refused: readonly (readonly [string, string, object, string])[] = [
    ['a duration that is text', 'generate', { prompt: 'x', duration: '5' }, 'invalid_type'],
    ['a duration of nothing', 'generate', { prompt: 'x', duration: 0 }, 'invalid_value'],
    ['a duration beyond all', 'generate', { prompt: 'x', duration: MAX_SECONDS + 1 }, 'invalid_value'],
    ['an empty prompt', 'generate', { prompt: '', duration: 5 }, 'empty_string'],
    ['an unknown character', 'generate', { prompt: '@char_none sings', duration: 5 }, 'character_not_found'],
    ['no video', 'characters', { name: 'x' }, 'invalid_value'],
    ['a video that is no URL', 'characters', { name: 'x', video_url: '/home/me/x.mp4' }, 'invalid_value'],
    ['no name', 'characters', { video_url: 'https://example.com/x.mp4' }, 'invalid_value'],
  ];
  it.each(refused)('refuses %s', async (_, path, body, code) => {
    const answer = await sandbox.json('POST', `/v1/sora/${path}`, body);
    expect([answer.status, answer.body.error.code]).toEqual([400, code]);
  });

  it('shares no id with the forwarding protocol', async () => {
    const seedId = await newCharacter();
    const characters = [{ id: seedId }];
    const forwarding = await sandbox.json('POST', '/v1/videos', { prompt: 'coffee_girl waves', characters });
    expect(forwarding.body.error.code).toBe('character_not_found');
    const { body: video } = await sandbox.json('POST', '/v1/videos', { prompt: 'waves' });
    expect((await sandbox.json('GET', `/v1/sora/tasks/${video.id}`)).status).toBe(404);
    const mention = await sandbox.json('POST', '/v1/sora/generate', { prompt: '@fchar_1 waves', duration: 5 });
    expect(mention.status).toBe(400);
  });
});

describe('the later accents', () => {
  it('speaks sora-v1: a character at once, mentioned by its user name', async () => {
    await sandbox.close();
    sandbox = await startTestSandbox({ accent: 'sora-v1' });
    const source = { model: 'sora-2-character', url: 'https://example.com/Mia.mp4', timestamps: '1,3' };
    const { body: mia } = await sandbox.json('POST', '/sora/v1/characters', source);
    expect(mia).toMatchObject({ id: expect.stringMatching(/^ch_/), username: expect.stringMatching(/^\w{4}\.mia$/) });
    const order = { prompt: `@${mia.username} waves. She leaves.`, model: 'sora-2', seconds: '10', size: '1280x720' };
    const { body: video } = await sandbox.json('POST', '/v1/videos', order);
    expect(sandbox.jobs()[0]?.characterIds).toEqual([mia.id]);
    sandbox.clock.advance(1_000);
    const done = await sandbox.json('GET', `/v1/videos/${video.id}`);
    expect((await fetch(done.body.video_url)).status).toBe(200);
    const again = await sandbox.json('POST', '/sora/v1/characters', { from_task: video.id, timestamps: '0,2' });
    expect(again.status).toBe(200);
    const unknown = await sandbox.json('POST', '/v1/videos', { ...order, prompt: '@zzzz.nobody waves' });
    expect(unknown.body.error.code).toBe('character_not_found');
    const both = await sandbox.json('POST', '/sora/v1/characters', { ...source, from_task: video.id });
    expect(both.status).toBe(400);
    const long = await sandbox.json('POST', '/sora/v1/characters', { ...source, timestamps: '1,5' });
    expect(long.status).toBe(400);
  });

  it('speaks unified-v2: its own status words, and 100% of a failure too', async () => {
    const order = { prompt: 'rain', model: 'sora-2', duration: '10', aspect_ratio: '9:16' };
    const made = await sandbox.json('POST', '/v2/videos/generations', order);
    const path = `/v2/videos/generations/${made.body.task_id}`;
    expect((await sandbox.json('GET', path)).body).toMatchObject({ status: 'NOT_START', progress: '0%' });
    sandbox.clock.advance(1_000);
    const { body } = await sandbox.json('GET', path);
    expect(body).toMatchObject({ status: 'SUCCESS', progress: '100%' });
    expect((await fetch(body.data.output)).status).toBe(200);
    const bad = await sandbox.json('POST', '/v2/videos/generations', { ...order, prompt: '[fail]' });
    sandbox.clock.advance(1_000);
    const failed = await sandbox.json('GET', `/v2/videos/generations/${bad.body.task_id}`);
    expect(failed.body).toMatchObject({ status: 'FAILURE', progress: '100%', fail_reason: expect.any(String) });
  });
});

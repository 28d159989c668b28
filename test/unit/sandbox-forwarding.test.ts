import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clipBytes } from '../helpers/media.ts';
import { startTestSandbox, TEST_KEY, type TestSandbox } from '../helpers/sandbox.ts';

const VALID = { prompt: 'a fox in the snow', model: 'sora-2', seconds: '4', size: '1280x720' };

let sandbox: TestSandbox;
beforeEach(async () => {
  sandbox = await startTestSandbox();
});
afterEach(() => sandbox.close());

async function finished(body: object = VALID): Promise<string> {
  const { body: video } = await sandbox.json('POST', '/v1/videos', body);
  sandbox.clock.advance(1_000);
  return video.id;
}

describe('a forwarding job', () => {
  it('goes from queued to completed as the clock goes', async () => {
    const created = await sandbox.json('POST', '/v1/videos', VALID);
    expect(created.status).toBe(200);
    expect(created.body).toEqual({
      ...VALID,
      id: expect.stringMatching(/^video_\w{24}$/),
      object: 'video',
      status: 'queued',
      progress: 0,
      created_at: 1_795_348_800,
    });
    const path = `/v1/videos/${created.body.id}`;
    sandbox.clock.advance(580);
    expect((await sandbox.json('GET', path)).body).toMatchObject({ status: 'in_progress', progress: 50 });
    sandbox.clock.advance(419);
    expect((await sandbox.json('GET', path)).body).toMatchObject({ status: 'in_progress', progress: 99 });
    sandbox.clock.advance(1);
    const done = await sandbox.json('GET', path);
    expect(done.body).toMatchObject({ status: 'completed', progress: 100, completed_at: 1_795_348_801 });
    expect(done.headers.get('openai-poll-after-ms')).toBe('500');
  });

  it('takes a form as well as JSON, with defaults', async () => {
    const form = new FormData();
    form.set('prompt', 'by form');
    const { body } = await sandbox.json('POST', '/v1/videos', form);
    expect(body).toMatchObject({ prompt: 'by form', model: 'sora-2', seconds: '4', size: '720x1280' });
  });

  it('serves its bytes when it is done, in ranges too, and until they expire', async () => {
    const { body } = await sandbox.json('POST', '/v1/videos', VALID);
    const path = `/v1/videos/${body.id}/content`;
    expect((await sandbox.json('GET', path)).body.error.code).toBe('video_not_ready');
    sandbox.clock.advance(1_000);
    const whole = await sandbox.call('GET', path);
    expect(whole.headers.get('content-type')).toBe('video/mp4');
    const bytes = Buffer.from(await whole.arrayBuffer());
    expect(bytes.subarray(4, 8).toString()).toBe('ftyp');
    const rest = await sandbox.call('GET', path, undefined, { range: 'bytes=1000-' });
    expect(rest.status).toBe(206);
    expect(rest.headers.get('content-range')).toBe(`bytes 1000-${bytes.length - 1}/${bytes.length}`);
    expect(Buffer.from(await rest.arrayBuffer()).equals(bytes.subarray(1000))).toBe(true);
    const beyond = await sandbox.call('GET', path, undefined, { range: `bytes=${bytes.length}-` });
    expect(beyond.status).toBe(416);
    sandbox.clock.advance(24 * 60 * 60 * 1000);
    expect((await sandbox.json('GET', path)).body.error.code).toBe('expired');
  });

  it('fails when its prompt says so, once or always', async () => {
    const once = await finished({ ...VALID, prompt: 'oops [fail-once]' });
    expect((await sandbox.json('GET', `/v1/videos/${once}`)).body).toMatchObject({
      status: 'failed',
      error: { code: 'moderation_blocked' },
    });
    const again = await finished({ ...VALID, prompt: 'oops [fail-once]' });
    expect((await sandbox.json('GET', `/v1/videos/${again}`)).body.status).toBe('completed');
    for (let i = 0; i < 2; i++) {
      const id = await finished({ ...VALID, prompt: '[fail]' });
      expect((await sandbox.json('GET', `/v1/videos/${id}`)).body.status).toBe('failed');
    }
  });
});

describe('what a create is refused for', () => {
  const cases: readonly (readonly [string, object, string])[] = [
    ['no prompt', { prompt: undefined }, 'missing_required_parameter'],
    ['an empty prompt', { prompt: ' ' }, 'empty_string'],
    ['a prompt that is too long', { prompt: 'x'.repeat(32_001) }, 'string_above_max_length'],
    ['seconds as a number', { seconds: 4 }, 'invalid_type'],
    ['seconds that are not sold', { seconds: '5' }, 'invalid_value'],
    ['a size of another model', { size: '1920x1080' }, 'invalid_value'],
    ['an unknown model', { model: 'sora-1' }, 'model_not_found'],
    ['an unknown field', { duration: 4 }, 'unknown_parameter'],
    ['an unknown character', { characters: [{ id: 'fchar_none' }] }, 'character_not_found'],
    ['three characters', { characters: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] }, 'array_above_max_length'],
    ['a reference of two kinds', { input_reference: { image_url: 'x', file_id: 'y' } }, 'invalid_type'],
    ['an influence beyond 1', { influence_strength: 1.5 }, 'invalid_value'],
  ];
  it.each(cases)('%s', async (_, change, code) => {
    const { status, body } = await sandbox.json('POST', '/v1/videos', { ...VALID, ...change });
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code, type: 'invalid_request_error', message: expect.any(String) });
    expect(sandbox.jobs()).toEqual([]);
  });

  it('says what the real service says of seconds as a number', async () => {
    const { body } = await sandbox.json('POST', '/v1/videos', { ...VALID, seconds: 4 });
    expect(body.error.message).toBe(
      "Invalid type for 'seconds': expected one of '4', '8', '12', '16', '20', but got an integer instead.",
    );
  });

  it('an image of another size', async () => {
    const png = new Uint8Array(24);
    png.set([0x89, 0x50, 0x4e, 0x47]);
    png.set([100], 19);
    png.set([100], 23);
    const form = new FormData();
    for (const [name, value] of Object.entries(VALID)) form.set(name, value);
    form.set('input_reference', new File([png], 'first.png', { type: 'image/png' }));
    const { status, body } = await sandbox.json('POST', '/v1/videos', form);
    expect([status, body.error.message]).toEqual([400, 'Inpaint image must match the requested width and height']);
  });

  it('a body that cannot be read', async () => {
    const init = {
      method: 'POST',
      headers: { authorization: 'Bearer k', 'content-type': 'application/json' },
      body: '{',
    };
    const response = await fetch(`${sandbox.baseUrl}/videos`, init);
    expect(response.status).toBe(400);
  });

  it('no key, or another than the one configured, which is not repeated', async () => {
    const bare = await fetch(`${sandbox.baseUrl}/models`);
    expect(bare.status).toBe(401);
    const strict = await startTestSandbox({ key: 'sk-the-right-one' });
    const wrong = await strict.call('GET', '/v1/models');
    const text = await wrong.text();
    expect(wrong.status).toBe(401);
    expect(JSON.parse(text).error.code).toBe('invalid_api_key');
    expect(text).not.toContain(TEST_KEY);
    const right = await strict.call('GET', '/v1/models', undefined, { authorization: 'Bearer sk-the-right-one' });
    expect(right.status).toBe(200);
    await strict.close();
  });
});

describe('listing and deleting', () => {
  it('pages in both directions', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push(await finished());
    const first = await sandbox.json('GET', '/v1/videos?limit=2');
    expect(first.body).toMatchObject({ object: 'list', first_id: ids[4], last_id: ids[3], has_more: true });
    const rest = await sandbox.json('GET', `/v1/videos?limit=3&after=${ids[3]}`);
    expect(rest.body).toMatchObject({ first_id: ids[2], last_id: ids[0], has_more: false });
    const oldest = await sandbox.json('GET', '/v1/videos?limit=1&order=asc');
    expect(oldest.body.data[0].id).toBe(ids[0]);
    for (const bad of ['limit=101', 'limit=-1', 'order=up', 'after=video_none']) {
      expect((await sandbox.json('GET', `/v1/videos?${bad}`)).status).toBe(400);
    }
  });

  it('deletes what is finished only', async () => {
    const { body } = await sandbox.json('POST', '/v1/videos', VALID);
    const path = `/v1/videos/${body.id}`;
    expect((await sandbox.json('DELETE', path)).status).toBe(409);
    sandbox.clock.advance(1_000);
    expect((await sandbox.json('DELETE', path)).body).toEqual({ id: body.id, deleted: true, object: 'video.deleted' });
    expect((await sandbox.json('GET', path)).status).toBe(404);
  });
});

describe('characters', () => {
  function characterForm(name: string, video: Uint8Array): FormData {
    const form = new FormData();
    form.set('name', name);
    form.set('video', new File([new Uint8Array(video)], 'mia.mp4', { type: 'video/mp4' }));
    return form;
  }

  it('are made of an uploaded clip and must be named in the prompt', async () => {
    const made = await sandbox.json('POST', '/v1/videos/characters', characterForm('Mia', await clipBytes()));
    expect(made.body).toEqual({ id: expect.stringMatching(/^fchar_/), name: 'Mia', created_at: expect.any(Number) });
    expect((await sandbox.json('GET', `/v1/videos/characters/${made.body.id}`)).body).toEqual(made.body);
    const characters = [{ id: made.body.id }];
    const unnamed = await sandbox.json('POST', '/v1/videos', { ...VALID, characters });
    expect(unnamed.body.error.code).toBe('character_not_in_prompt');
    const named = await sandbox.json('POST', '/v1/videos', { ...VALID, prompt: 'Mia waves', characters });
    expect(named.status).toBe(200);
    expect(sandbox.jobs()[0]?.characterIds).toEqual([made.body.id]);
  });

  it('are refused as JSON, without a name, and of a clip that is not as asked', async () => {
    const json = await sandbox.json('POST', '/v1/videos/characters', { name: 'Mia', video: 'x' });
    expect(json.body.error.code).toBe('unsupported_content_type');
    const told = async (name: string, video: Uint8Array): Promise<string> =>
      (await sandbox.json('POST', '/v1/videos/characters', characterForm(name, video))).body.error.message;
    expect(await told('', await clipBytes())).toMatch(/'name'/);
    expect(await told('x'.repeat(81), await clipBytes())).toMatch(/'name'/);
    expect(await told('Mia', new Uint8Array(10))).toMatch(/not an MP4/);
    expect(await told('Mia', await clipBytes({ seconds: 5 }))).toMatch(/5\.0 s/);
    expect(await told('Mia', await clipBytes({ width: 640, height: 360 }))).toMatch(/640x360/);
    expect(await told('Mia', await clipBytes({ width: 1024, height: 1024 }))).toMatch(/16:9/);
  });
});

describe('making a video of another', () => {
  it('remixes, edits and extends a completed one', async () => {
    const id = await finished();
    const remix = await sandbox.json('POST', `/v1/videos/${id}/remix`, { prompt: 'in blue' });
    expect(remix.body).toMatchObject({ prompt: 'in blue', seconds: '4', size: '1280x720', remixed_from_video_id: id });
    const edit = await sandbox.json('POST', '/v1/videos/edits', { prompt: 'no snow', video: { id } });
    expect(edit.body).toMatchObject({ prompt: 'no snow', seconds: '4' });
    const longer = await sandbox.json('POST', '/v1/videos/extensions', { prompt: 'on', seconds: '8', video: { id } });
    expect(longer.body.seconds).toBe('12');
    const early = await sandbox.json('POST', `/v1/videos/${longer.body.id}/remix`, { prompt: 'x' });
    expect(early.body.error.code).toBe('video_not_ready');
  });

  it('extends six times and to 120 s at most', async () => {
    const extend = async (id: string, seconds: string) => {
      const { body } = await sandbox.json('POST', '/v1/videos/extensions', { prompt: 'on', seconds, video: { id } });
      sandbox.clock.advance(1_000);
      return body;
    };
    let video = { id: await finished() };
    for (let i = 0; i < 6; i++) video = await extend(video.id, '4');
    expect(video).toMatchObject({ seconds: '28' });
    expect((await extend(video.id, '4')).error.code).toBe('extension_limit');
    let long = { id: await finished({ ...VALID, seconds: '20' }) };
    for (let i = 0; i < 5; i++) long = await extend(long.id, '20');
    expect(long).toMatchObject({ seconds: '120' });
    expect((await extend(long.id, '4')).error.code).toBe('extension_limit');
  });
});

it('answers one job to one idempotency key, unless told not to', async () => {
  const key = { 'idempotency-key': 'order-1' };
  const first = await sandbox.json('POST', '/v1/videos', VALID, key);
  const second = await sandbox.json('POST', '/v1/videos', VALID, key);
  expect(second.body.id).toBe(first.body.id);
  expect(sandbox.createsFor('order-1')).toEqual({ requests: 2, jobs: 1 });
  const careless = await startTestSandbox({ idempotency: false });
  await careless.json('POST', '/v1/videos', VALID, key);
  await careless.json('POST', '/v1/videos', VALID, key);
  expect(careless.createsFor('order-1')).toEqual({ requests: 2, jobs: 2 });
  await careless.close();
});

it('answers a create with a job that begins, however long the answer takes', async () => {
  let now = 0;
  const slow = await startTestSandbox({ clock: () => (now += 1_000) });
  const made = await slow.json('POST', '/v1/videos', VALID);
  expect(made.body).toMatchObject({ status: 'queued', progress: 0 });
  expect((await slow.json('GET', `/v1/videos/${made.body.id}`)).body.status).toBe('completed');
  await slow.close();
});

it('remembers what it was asked, but no key', async () => {
  await sandbox.json('POST', '/v1/videos?x=1', VALID);
  const [request] = sandbox.requests();
  expect(request).toMatchObject({ method: 'POST', path: '/v1/videos?x=1', operation: 'create', body: VALID });
  expect(request?.headers.authorization).toBe('[present]');
  expect(JSON.stringify(sandbox.requests())).not.toContain(TEST_KEY);
});

it('knows no other address', async () => {
  expect((await sandbox.json('PUT', '/v1/videos')).body.error.code).toBe('unknown_url');
  expect((await sandbox.json('GET', '/v1/videos/video_none')).status).toBe(404);
});

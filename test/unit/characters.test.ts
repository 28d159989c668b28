import { readdir, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { dialectNamed } from '../../src/backends/registry.ts';
import { SoraError } from '../../src/domain/errors.ts';
import { Characters } from '../../src/services/characters.ts';
import type { Core } from '../../src/services/core.ts';
import { formOf, type Reply, startUpstream, type Upstream } from '../contract/upstream.ts';
import { aBackend, failure, startApp, type TestApp, usd } from '../helpers/app.ts';
import { clipBytes } from '../helpers/media.ts';
import { openStudio } from '../helpers/studio.ts';
import { aTask } from '../store/fixtures.ts';

const EVE = { name: 'Eve Roe', rightsConfirmed: true } as const;
const ORIGINAL = 'https://example.invalid/original.mp4';
const WRONG = 'https://nope.invalid/wrong.mp4';
/** Nobody listens there. */
const DEAD = 'http://127.0.0.1:9/v1';

async function anUpstream(reply: Reply): Promise<Upstream> {
  const upstream = await startUpstream(reply);
  onTestFinished(() => upstream.close());
  return upstream;
}

const cast = async (app: TestApp) => (await app.services.characters.list({})).characters;

describe('a create that came to nothing', () => {
  const kept = { source: { kind: 'video_url', url: ORIGINAL }, bindings: [{ backend: 'reverse', state: 'ready' }] };

  test('leaves the kept source and the bindings as they were, when nothing was sent', async () => {
    const sandbox = (await startApp()).sandbox;
    const backends = [
      aBackend('reverse', sandbox.baseUrl),
      aBackend('forwarding', sandbox.baseUrl),
      aBackend('reverse', DEAD, { id: 'dead' }),
    ];
    const app = await startApp({ sandbox, backends });
    await app.services.characters.create({ ...EVE, videoUrl: ORIGINAL, backend: 'reverse' });
    const unfetched = await failure(app.services.characters.create({ ...EVE, videoUrl: WRONG, backend: 'forwarding' }));
    expect(unfetched).toMatchObject({ code: 'file_invalid', field: 'video_url', charged: 'no' });
    const unsent = await failure(app.services.characters.create({ ...EVE, videoUrl: WRONG, backend: 'dead' }));
    expect(unsent).toMatchObject({ code: 'backend_unavailable', charged: 'no' });
    const [eve, ...others] = await cast(app);
    expect(eve).toMatchObject(kept);
    expect(eve?.bindings).toHaveLength(1);
    expect(others).toEqual([]);
    const ann = { name: 'Ann', rightsConfirmed: true };
    await failure(app.services.characters.create({ ...ann, videoUrl: WRONG, backend: 'forwarding' }));
    await failure(app.services.characters.create({ ...ann, videoUrl: ORIGINAL, backend: 'dead' }));
    expect(await cast(app)).toHaveLength(1);
  });

  test('keeps the source, and remembers why the upstream said no', async () => {
    const no = await anUpstream({
      status: 400,
      body: { error: { message: 'a real person', code: 'moderation_blocked' } },
    });
    const { sandbox } = await startApp();
    const backends = [aBackend('reverse', sandbox.baseUrl), aBackend('reverse', `${no.origin}/v1`, { id: 'strict' })];
    const app = await startApp({ sandbox, backends });
    await app.services.characters.create({ ...EVE, videoUrl: ORIGINAL, backend: 'reverse' });
    await failure(app.services.characters.create({ ...EVE, videoUrl: WRONG, backend: 'strict' }));
    const [eve] = await cast(app);
    expect(eve).toMatchObject({
      ...kept,
      bindings: [
        kept.bindings[0],
        { backend: 'strict', state: 'failed', error: expect.stringContaining('real person') },
      ],
    });
  });

  test('takes nothing from another call that makes it elsewhere meanwhile', async () => {
    const slow = await anUpstream({});
    const held = new Promise<ServerResponse>((resolve) => slow.reply((_, response) => void resolve(response)));
    const { sandbox } = await startApp();
    const backends = [aBackend('reverse', sandbox.baseUrl), aBackend('reverse', `${slow.origin}/v1`, { id: 'slow' })];
    const app = await startApp({ sandbox, backends });
    const first = failure(app.services.characters.create({ ...EVE, videoUrl: ORIGINAL, backend: 'slow' }));
    const response = await held;
    await app.services.characters.create({ ...EVE, backend: 'reverse' });
    response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":{"message":"no"}}');
    await first;
    expect(await cast(app)).toMatchObject([{ handle: 'eve_roe', bindings: [{ backend: 'slow' }, kept.bindings[0]] }]);
  });

  test('and one that went well takes the new source', async () => {
    const { sandbox } = await startApp();
    const backends = ['reverse', 'other'].map((id) => aBackend('reverse', sandbox.baseUrl, { id }));
    const app = await startApp({ sandbox, backends });
    await app.services.characters.create({ ...EVE, videoUrl: ORIGINAL, backend: 'reverse' });
    const videoUrl = 'https://example.invalid/better.mp4';
    const eve = await app.services.characters.create({ ...EVE, videoUrl, backend: 'other' });
    expect(eve).toMatchObject({ source: { url: videoUrl }, bindings: [{}, {}] });
    expect(await cast(app)).toMatchObject([{ source: { url: videoUrl } }]);
  });
});

describe('a clip that we fetch to upload it', () => {
  /** An upstream that makes characters; what is fetched is the clip. */
  async function studioWith(clip: Uint8Array) {
    const upstream = await anUpstream({ body: { id: 'char_1', name: EVE.name } });
    const { core } = await openStudio({ backends: { forwarding: { baseUrl: new URL(`${upstream.origin}/v1`) } } });
    const fetched: string[] = [];
    const fetchMedia = async (url: string) => {
      fetched.push(url);
      return clip;
    };
    const characters = new Characters({ ...core, fetchMedia }, core.workspace('local'));
    const input = { ...EVE, videoUrl: 'https://example.com/clips/eve?token=1', backend: 'forwarding' };
    const left = () => readdir(join(core.store.dataDir, 'references')).catch(() => []);
    return { characters, create: () => characters.create(input), sent: upstream.requests, fetched, left };
  }

  const bad: [string, () => Promise<Uint8Array>, string][] = [
    ['text', async () => Buffer.from('hello, I am a text'), 'eve is not an MP4, MOV or WebM video'],
    ['small', () => clipBytes({ seconds: 10, width: 320, height: 240 }), 'the clip is 320x240'],
    ['long', () => clipBytes({ seconds: 10 }), 'the clip is 10.0 s; forwarding wants 2 to 4 s and takes clips whole'],
  ];
  test.each(bad)('is looked at like a file before anything is sent: %s', async (_, clip, words) => {
    const { characters, create, sent, left } = await studioWith(await clip());
    const error = await failure(create());
    expect(error).toMatchObject({ code: 'file_invalid', field: 'video_url', charged: 'no' });
    expect(error.message).toContain(words);
    expect(sent).toEqual([]);
    expect((await characters.list({})).characters).toEqual([]);
    expect(await left()).toEqual([]);
  });

  test('is fetched once, sent as it was looked at, and not kept', async () => {
    const clip = await clipBytes();
    const { create, sent, fetched, left } = await studioWith(clip);
    expect(await create()).toMatchObject({ bindings: [{ state: 'ready' }], source: { kind: 'video_url' } });
    expect(fetched).toEqual(['https://example.com/clips/eve?token=1']);
    const video = { file: 'eve.mp4', type: 'video/mp4', bytes: clip.length };
    expect(await formOf(sent[0]!)).toEqual({ name: EVE.name, video });
    expect(await left()).toEqual([]);
  });
});

describe('a clip that the upstream fetches', () => {
  async function making(fetchMedia: Core['fetchMedia']) {
    const upstream = await anUpstream({ body: { id: 'ch_1', username: 'ab.eve' } });
    const baseUrl = new URL(`${upstream.origin}/v1`);
    const ranged = { dialect: dialectNamed('sora-v1'), baseUrl, characterUsd: 0.01 };
    const { core } = await openStudio({ backends: { reverse: ranged } });
    const characters = new Characters({ ...core, fetchMedia }, core.workspace('local'));
    const create = () => characters.create({ ...EVE, videoUrl: ORIGINAL, backend: 'reverse' });
    const extract = (seconds: number) => {
      const task = aTask({ backend: 'reverse', state: 'completed', remoteId: 'job_1', seconds });
      core.store.tasks.insert(task);
      return characters.extract({ ...EVE, taskId: task.id });
    };
    return {
      create,
      extract,
      sent: upstream.requests,
      left: () => readdir(join(core.store.dataDir, 'references')).catch(() => []),
    };
  }
  const answered = (details: object) => async () => {
    throw new SoraError({ code: 'file_invalid', message: 'no', details: { ...details } });
  };

  test.each<[string, Core['fetchMedia'], string]>([
    ['too long', () => clipBytes({ seconds: 10 }), 'the clip is 10.0 s; this backend wants 1 to 3 s'],
    ['no video', async () => Buffer.from('hello, I am a text'), 'is not an MP4, MOV or WebM video'],
    ['not there', answered({ status: 404 }), 'no'],
    ['a page', answered({ contentType: 'text/html' }), 'no'],
  ])('is looked at before money is spent: %s', async (_, fetchMedia, words) => {
    const { create, sent, left } = await making(fetchMedia);
    const error = await failure(create());
    expect(error).toMatchObject({ code: expect.stringMatching(/^(file_invalid|invalid_argument)$/), charged: 'no' });
    expect(error.message).toContain(words);
    expect(sent).toEqual([]);
    expect(await left()).toEqual([]);
  });

  test.each([
    [1.9, { timestamps: '0,1.9' }],
    [1, { timestamps: '0,1' }],
    [3, { timestamps: '1,3' }],
  ])('and has %d s is sent with a part that it has', async (seconds, part) => {
    const { create, sent } = await making(() => clipBytes({ seconds }));
    await create();
    expect(JSON.parse(String(sent[0]?.body))).toMatchObject(part);
  });

  test.each([
    [2, { from_task: 'job_1', timestamps: '0,2' }],
    [4, { from_task: 'job_1', timestamps: '1,3' }],
  ])('or is a video of %d s is asked for such a part', async (seconds, part) => {
    const { extract, sent } = await making(answered({}));
    await extract(seconds);
    expect(JSON.parse(String(sent[0]?.body))).toMatchObject(part);
  });

  test.each<[string, Core['fetchMedia']]>([
    ['as it should be', () => clipBytes({ seconds: 3 })],
    ['that we cannot get at', answered({})],
    ['that is not for us', answered({ status: 403 })],
  ])('is sent by its address: one %s', async (_, fetchMedia) => {
    const { create, sent, left } = await making(fetchMedia);
    expect(await create()).toMatchObject({ bindings: [{ state: 'ready' }] });
    expect(String(sent[0]?.body)).toContain(ORIGINAL);
    expect(await left()).toEqual([]);
  });
});

test('a part of the clip chooses a backend that can be told', async () => {
  const ranged = await anUpstream({ body: { id: 'ch_1', username: 'ab.eve' } });
  const { sandbox } = await startApp();
  const backends = [
    aBackend('reverse', sandbox.baseUrl),
    aBackend('reverse', `${ranged.origin}/v1`, { id: 'ranged', dialect: 'sora-v1' }),
    aBackend('reverse', `${ranged.origin}/v1`, { id: 'second', dialect: 'sora-v1' }),
  ];
  const app = await startApp({ sandbox, backends });
  const whole = await app.services.characters.create({ ...EVE, name: 'Ann', videoUrl: ORIGINAL });
  expect(whole.bindings).toMatchObject([{ backend: 'reverse' }]);
  const part = await app.services.characters.create({ ...EVE, videoUrl: ORIGINAL, startSeconds: 2, endSeconds: 4 });
  expect(part.bindings).toMatchObject([{ backend: 'ranged' }]);
  // It is kept with the source.
  await app.services.characters.create({ ...EVE, backend: 'second' });
  const bodies = ranged.requests.map(({ body }) => JSON.parse(String(body)));
  expect(bodies).toMatchObject([{ timestamps: '2,4' }, { timestamps: '2,4' }]);
});

test('a character of unknown price is refused under a limit, and the message names what is missing', async () => {
  const app = await startApp({ budget: usd({ day: 5 }) });
  const filePath = join(app.dataDir, 'eve.mp4');
  await writeFile(filePath, await clipBytes({ seconds: 3 }));
  const error = await failure(app.services.characters.create({ ...EVE, filePath, backend: 'forwarding' }));
  expect(error).toMatchObject({ code: 'price_unknown', charged: 'no', hint: expect.stringContaining('character_usd') });
  expect(error.message).toContain('what making a character costs on forwarding is not known');
  expect(app.sandbox.requests()).toEqual([]);
});

test('a character is known by what a backend calls it in prompts', async () => {
  const ranged = await anUpstream({ body: { id: 'ch_1', username: 'ab27.name' } });
  const { sandbox } = await startApp();
  const backends = [aBackend('reverse', `${ranged.origin}/v1`, { dialect: 'sora-v1' })];
  const app = await startApp({ sandbox, backends, track: false });
  await app.services.characters.create({ ...EVE, videoUrl: ORIGINAL });
  for (const how of [{ prompt: '@ab27.name runs' }, { prompt: 'she runs', characters: ['@ab27.name'] }]) {
    await app.services.videos.generate(how).catch(() => {});
    expect(String(ranged.requests.at(-1)?.body)).toContain('@ab27.name');
  }
});

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createCharacter } from '../../src/mcp/tools/create-character.ts';
import { startUpstream } from '../contract/upstream.ts';
import { aBackend, failure, startApp } from '../helpers/app.ts';
import { clipBytes } from '../helpers/media.ts';

const URL = 'https://example.invalid/eve.mp4';
const EVE = { name: 'Eve Roe', videoUrl: URL, rightsConfirmed: true } as const;
const ROUTES = { gateway: 'forwarding', 'unified-v2': 'reverse', sglang: 'forwarding' } as const;
type Dialect = keyof typeof ROUTES;

/** An app whose backends, named after their dialects, make no characters; and what its upstream was asked to make. */
async function studio(...dialects: Dialect[]) {
  const upstream = await startUpstream({ body: { id: 'video_1', task_id: 'video_1', status: 'queued' } });
  onTestFinished(() => upstream.close());
  const backends = dialects.map((dialect) =>
    aBackend(ROUTES[dialect], `${upstream.origin}/v1`, { id: dialect, dialect }),
  );
  const app = await startApp({ backends, track: false });
  const sent = () =>
    upstream.requests.filter(({ method }) => method === 'POST').map(({ body }) => JSON.parse(String(body)));
  return { ...app, sent, create: (more: object = {}) => app.services.characters.create({ ...EVE, ...more }) };
}

describe('where no backend makes characters, a clip stands in', () => {
  test('on a forwarding gateway: kept for nothing, and sent along with the video', async () => {
    const { create, make, sent, store } = await studio('gateway');
    const eve = await create();
    expect(eve).toMatchObject({ handle: 'eve_roe', source: { kind: 'video_url', url: URL }, bindings: [] });
    expect(sent()).toEqual([]);
    expect(store.characters.byHandle('local', 'eve_roe')).toMatchObject({ id: eve.id, bindings: [] });
    await make('@eve_roe runs');
    await make('a walk', { characters: ['eve_roe'] });
    expect(sent()).toMatchObject([
      { prompt: 'Eve Roe runs', reference_video: URL, influence_strength: 0.8 },
      { prompt: expect.stringContaining('Eve Roe'), reference_video: URL },
    ]);
  });

  test('on unified-v2, with its usual part of the clip or the one that was named', async () => {
    const { create, make, sent } = await studio('unified-v2');
    await create();
    await create({ handle: 'late_eve', startSeconds: 4, endSeconds: 6 });
    await create({ handle: 'open_eve', startSeconds: 4 });
    for (const handle of ['eve_roe', 'late_eve', 'open_eve']) await make(`@${handle} runs`);
    expect(sent()).toMatchObject(
      ['1,3', '4,6', '4,7'].map((character_timestamps) => ({ character_url: URL, character_timestamps })),
    );
  });

  test('and what it cannot do is refused, with nothing kept', async () => {
    const { create, services, dataDir } = await studio('gateway', 'sglang');
    const filePath = join(dataDir, 'eve.mp4');
    await writeFile(filePath, await clipBytes());
    expect(await failure(create({ videoUrl: undefined, filePath }))).toMatchObject({
      code: 'not_supported',
      field: 'file_path',
      hint: expect.stringContaining('video_url'),
    });
    expect(await failure(create({ startSeconds: 1, endSeconds: 3 }))).toMatchObject({
      code: 'not_supported',
      field: 'start_seconds',
      message: expect.stringContaining('gateway takes clips whole'),
    });
    expect(await failure(create({ backend: 'sglang' }))).toMatchObject({ code: 'not_supported', field: 'backend' });
    expect(await failure(create({ backend: 'nobody' }))).toMatchObject({ code: 'no_backend' });
    expect((await services.characters.list({})).characters).toEqual([]);
    await create();
    expect(await failure(create({ videoUrl: 'https://example.com/other.mp4' }))).toMatchObject({
      code: 'handle_taken',
      message: '@eve_roe is in the catalog already',
    });
  });

  test('and a part that one of them cannot be told of is said to go whole', async () => {
    const { create, make } = await studio('gateway', 'unified-v2');
    await create({ startSeconds: 4, endSeconds: 6 });
    const reasons = async (backend: string) => (await make('@eve_roe runs', { backend })).task.reasons.join(' ');
    expect(await reasons('gateway')).toContain('its source video goes along as a reference, whole');
    expect(await reasons('unified-v2')).toContain('its source video goes along as a reference, which');
  });

  test('and the answer says so', async () => {
    const { services } = await studio('gateway', 'sglang');
    const input = { name: 'Eve Roe', video_url: URL, rights_confirmed: true };
    const { data } = await createCharacter.handler(input, { services, context: {} });
    expect(data.note).toBe(
      'No configured backend makes characters; mention @eve_roe as usual, and its clip stands in for it on gateway. Nothing was sent or charged.',
    );
  });
});

test('where one makes characters, they are made there', async () => {
  const { sandbox } = await startApp();
  const backends = [
    aBackend('reverse', sandbox.baseUrl),
    aBackend('forwarding', sandbox.baseUrl, { id: 'gateway', dialect: 'gateway' }),
  ];
  const { services } = await startApp({ sandbox, backends, track: false });
  expect((await services.characters.create(EVE)).bindings).toMatchObject([{ backend: 'reverse' }]);
  const input = { name: 'Ann', video_url: URL, rights_confirmed: true };
  expect((await createCharacter.handler(input, { services, context: {} })).data).not.toHaveProperty(
    'note',
    expect.any(String),
  );
});

import { expect, onTestFinished, test, vi } from 'vitest';
import { dialectNamed, parseDialect } from '../../src/backends/registry.ts';
import { fromUsd } from '../../src/domain/money.ts';
import { Characters } from '../../src/services/characters.ts';
import { reconcileCharacters } from '../../src/services/reconcile-character.ts';
import { type Received, startUpstream } from '../contract/upstream.ts';
import { failure } from '../helpers/app.ts';
import { PROMPTLY_MS } from '../helpers/promptly.ts';
import { openStudio } from '../helpers/studio.ts';

const BOB = {
  name: 'Bob',
  videoUrl: 'https://example.com/bob.mp4',
  rightsConfirmed: true,
  backend: 'reverse',
} as const;
const PRICE = fromUsd(0.01);
const LOOK_SECONDS = 60;

const FOLLOWING = {
  extends: 'sora-v1',
  operations: { getCharacter: { method: 'GET', path: '/sora/v1/characters/{id}' } },
};

/** A gateway of the sora-v1 kind that answers a create so, and a look as it is told. */
async function studioWith(created: unknown, dialect = parseDialect(FOLLOWING)) {
  let looked: unknown = created;
  let listed: unknown = { characters: [] };
  const upstream = await startUpstream(({ method, path }: Received) => {
    if (method === 'POST') return { body: created };
    return { body: path === '/sora/v1/characters' ? listed : looked };
  });
  onTestFinished(() => upstream.close());
  const reverse = { dialect, baseUrl: new URL(`${upstream.origin}/v1`), characterUsd: 0.01 };
  const { core, sandbox, videos } = await openStudio({ backends: { reverse } });
  const characters = new Characters(core, core.workspace('local'));
  const binding = () => {
    const [bob] = core.store.characters.byHandle('local', 'bob')?.bindings ?? [];
    return bob;
  };
  return {
    core,
    clock: sandbox.clock,
    stored: () => core.store.bindings.on(core.store.characters.byHandle('local', 'bob')!.id, 'reverse'),
    videos,
    characters,
    binding,
    create: () => characters.create(BOB),
    sent: (method: string) => upstream.requests.filter((request) => request.method === method),
    money: () => {
      const { day, reserved } = core.store.ledger.summary('local', core.clock());
      return { used: day.used, reserved };
    },
    lists: (body: unknown) => {
      listed = body;
    },
    /** What a look finds when it is due again, by a process that knows no more than the store. */
    async look(body: unknown): Promise<void> {
      looked = body;
      sandbox.clock.advance(LOOK_SECONDS * 1_000);
      await reconcileCharacters(core);
      // The tracker may have been quicker.
      const bob = core.store.characters.byHandle('local', 'bob')!;
      const leased = () => core.store.bindings.on(bob.id, 'reverse')?.leaseOwner;
      await vi.waitFor(() => expect(leased()).toBeUndefined(), { timeout: PROMPTLY_MS });
    },
  };
}

const LISTING = {
  extends: 'sora-v1',
  operations: { listCharacters: { method: 'GET', path: '/sora/v1/characters' } },
};
const BOTH = { ...LISTING, operations: { ...LISTING.operations, ...FOLLOWING.operations } };

const HELD = { used: PRICE, reserved: PRICE };

test.each([
  ['with a status', { id: 'task_9', status: 'processing' }],
  ['by the task’s own name', { task_id: 'task_9', status: 'pending' }],
  ['in an envelope', { data: { task_id: 'task_9', state: 'QUEUED' } }],
  ['without a status', { task_id: 'task_9' }],
  ['that was accepted', { task_id: 'task_9', status: 'success' }],
])('a character that is made by a task is followed until it is ready: told %s', async (_, created) => {
  const studio = await studioWith(created);
  expect((await studio.create()).bindings).toMatchObject([{ state: 'submitting' }]);
  expect(studio.binding()).not.toHaveProperty('remoteId');
  expect(studio.money()).toEqual(HELD);
  const early = await failure(studio.videos.generate({ prompt: '@bob runs', backend: 'reverse' }));
  expect(early.message).toContain('still being made');
  expect((await failure(studio.create())).code).toBe('character_not_ready');

  await studio.look({ task_id: 'task_9', status: 'in_progress' });
  expect(studio.binding()).toMatchObject({ state: 'submitting' });
  expect(studio.sent('GET')[0]?.path).toBe('/sora/v1/characters/task_9');
  await studio.look({ id: 'task_9', status: 'completed', character_id: 'ch_7', username: 'ab.bob' });
  const ready = { state: 'ready', remoteId: 'ch_7', mention: '@ab.bob' };
  expect(studio.binding()).toMatchObject(ready);
  expect(studio.money()).toEqual({ used: PRICE, reserved: 0 });
  expect(studio.sent('POST')).toHaveLength(1);
  await studio.look({});
  expect(studio.binding()).toMatchObject(ready);
  expect(studio.sent('GET')).toHaveLength(2);
});

test.each([
  ['that keeps its id', { id: 'task_9', username: 'ab.bob', status: 'done' }],
  ['without a status', { id: 'task_9', username: 'ab.bob' }],
])('a look finds a character %s', async (_, looked) => {
  const studio = await studioWith({ id: 'task_9', status: 'processing' });
  await studio.create();
  await studio.look(looked);
  expect(studio.binding()).toMatchObject({ state: 'ready', remoteId: 'task_9', mention: '@ab.bob' });
});

test('a task that fails frees the money, says why, and lets it be made anew', async () => {
  const studio = await studioWith({ id: 'task_9', status: 'processing' });
  await studio.create();
  await studio.look({ id: 'task_9', status: 'FAILURE', fail_reason: 'a real person' });
  expect(studio.binding()).toMatchObject({ state: 'failed', error: 'a real person' });
  expect(studio.money()).toEqual({ used: 0, reserved: 0 });
  await studio.create();
  expect(studio.binding()).toMatchObject({ state: 'submitting' });
});

test('a look that tells nothing leaves it as it is; one that cannot be is told', async () => {
  const studio = await studioWith({ id: 'task_9', status: 'processing' });
  await studio.create();
  await studio.look({ task_id: 'task_9', status: 'completed' });
  expect(studio.binding()).toMatchObject({ state: 'submitting' });
  await studio.look({ error: { message: 'the task was not found', code: 'task_not_found' } });
  expect(studio.binding()).toMatchObject({ state: 'unknown', error: expect.stringContaining('was not found') });
  expect(studio.money()).toEqual(HELD);
  await studio.look({ id: 'ch_7', username: 'ab.bob' });
  expect(studio.binding()).toMatchObject({ state: 'ready', remoteId: 'ch_7' });
});

test('a dialect that cannot follow a task says so, and holds the money', async () => {
  const studio = await studioWith({ id: 'task_9', status: 'processing' }, dialectNamed('sora-v1'));
  const error = await failure(studio.create());
  expect(error).toMatchObject({ code: 'character_not_ready', charged: 'unknown' });
  expect(error.message).toContain('task task_9 of reverse, whose dialect cannot follow one: it has no getCharacter');
  expect(studio.binding()).toMatchObject({ state: 'unknown', error: expect.stringContaining('getCharacter') });
  for (let n = 0; n < 20; n++) await studio.look({});
  expect(studio.binding()).toMatchObject({ state: 'unknown' });
  expect(studio.money()).toEqual(HELD);
  expect((await failure(studio.create())).message).toContain('getCharacter');
  expect(studio.sent('GET')).toEqual([]);
});

test('where it cannot be followed but listed, it is found in the list once it is made', async () => {
  const studio = await studioWith({ id: 'task_9', status: 'processing' }, parseDialect(LISTING));
  expect((await failure(studio.create())).hint).toContain('refresh: true');
  studio.lists({ characters: [{ id: 'ch_7', display_name: 'Bob', status: 'processing' }] });
  await studio.look({});
  expect(studio.stored()).toMatchObject({ state: 'unknown', remoteTaskId: 'task_9' });
  await studio.characters.list({ refresh: true });
  expect(studio.core.store.characters.count('local')).toBe(1);
  studio.lists({ characters: [{ id: 'ch_7', display_name: 'Bob', username: 'ab.bob', status: 'active' }] });
  for (let n = 0; n < 20; n++) await studio.look({});
  expect(studio.binding()).toMatchObject({ state: 'ready', remoteId: 'ch_7', mention: '@ab.bob' });
  expect(studio.money()).toEqual({ used: PRICE, reserved: 0 });
});

test.each(['created', 'submitted', 'processing'])(
  'a character that is told whole counts as made where nobody can be asked how it goes on: %s',
  async (status) => {
    const studio = await studioWith({ id: 'ch_1', username: 'ab.bob', status }, dialectNamed('sora-v1'));
    expect((await studio.create()).bindings).toMatchObject([{ state: 'ready', mention: '@ab.bob' }]);
    expect(studio.money()).toEqual({ used: PRICE, reserved: 0 });
  },
);

test('where it can be followed only "created" is the end of it', async () => {
  const created = await studioWith({ id: 'ch_1', username: 'ab.bob', status: 'created' });
  expect((await created.create()).bindings).toMatchObject([{ state: 'ready', remoteId: 'ch_1' }]);
  const processing = await studioWith({ id: 'ch_1', username: 'ab.bob', status: 'processing' });
  expect((await processing.create()).bindings).toMatchObject([{ state: 'submitting' }]);
});

test('a task that ends with a character that is bound already says so', async () => {
  const studio = await studioWith({ id: 'task_9', status: 'processing' });
  const ann = { workspace: 'local', backend: 'reverse', route: 'reverse', name: 'Ann' } as const;
  studio.core.store.bindings.adopt({ ...ann, characterId: 'chr_ann', bindingId: 'bind_ann', remoteId: 'ch_1' });
  await studio.create();
  await studio.look({ id: 'ch_1', username: 'one', status: 'done' });
  const error = 'the task task_9 ended with a character that is bound already';
  expect(studio.binding()).toMatchObject({ state: 'unknown', error });
});

test('the source that a known character is made anew from is kept once it is ready', async () => {
  const studio = await studioWith({ id: 'task_9', status: 'processing' });
  const bob = { workspace: 'local', backend: 'elsewhere', route: 'reverse', name: 'Bob' } as const;
  studio.core.store.bindings.adopt({ ...bob, characterId: 'chr_bob', bindingId: 'bind_bob', remoteId: 'x' });
  const source = () => studio.core.store.characters.byId('local', 'chr_bob')?.source;
  await studio.characters.create({ ...BOB, handle: 'bob' });
  expect(source()).toEqual({ kind: 'adopted', backend: 'elsewhere' });
  await studio.look({ id: 'ch_7', username: 'ab.bob', status: 'done' });
  expect(studio.stored()).toMatchObject({ state: 'ready', remoteId: 'ch_7' });
  expect(studio.stored()).not.toHaveProperty('source');
  expect(source()).toEqual({ kind: 'video_url', url: BOB.videoUrl });
});

test('a task that never ends keeps nobody from adopting for longer than it is young', async () => {
  const studio = await studioWith({ id: 'task_9', status: 'processing' }, parseDialect(BOTH));
  await studio.create();
  studio.lists({ characters: [{ id: 'ch_zoe', name: 'Zoe', username: 'zoe' }] });
  const refresh = () => studio.characters.list({ refresh: true, backend: 'reverse' });
  expect((await refresh()).notes).toEqual([expect.stringContaining('a character is being made there')]);
  expect(studio.core.store.characters.byHandle('local', 'zoe')).toBeUndefined();
  studio.clock.advance(11 * 60_000);
  expect((await refresh()).notes).toEqual([]);
  expect(studio.core.store.characters.byHandle('local', 'zoe')).toMatchObject({ bindings: [{ remoteId: 'ch_zoe' }] });
});

test('a create that says at once that it failed is one', async () => {
  const studio = await studioWith({ id: 'task_9', status: 'failed', error: { message: 'a real person' } });
  expect(await failure(studio.create())).toMatchObject({
    charged: 'no',
    message: expect.stringContaining('a real person'),
  });
  expect(studio.binding()).toBeUndefined();
  expect(studio.money()).toEqual({ used: 0, reserved: 0 });
});

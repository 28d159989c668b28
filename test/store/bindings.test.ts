import { expect, test } from 'vitest';
import { microUsd } from '../../src/domain/money.ts';
import type { BindingIntent } from '../../src/store/bindings.ts';
import { aCharacter, handClock, NOON, tempStore } from './fixtures.ts';

function setUp() {
  const clock = handClock();
  const store = tempStore({ clock: clock.read });
  const character = store.characters.insert(aCharacter({ handle: 'fox' }));
  const intent = (facts: Partial<BindingIntent> = {}): BindingIntent => ({
    id: 'bnd_1',
    workspace: 'local',
    characterId: character.id,
    backend: 'reverse',
    route: 'reverse',
    sendKey: 'send_1',
    ...facts,
  });
  return { clock, store, character, intent };
}

test('an intent becomes a binding that is found by its remote id', () => {
  const { clock, store, character, intent } = setUp();
  const written = store.bindings.insertIntent(intent({ quoted: microUsd(5), leaseOwner: 'me', leaseUntil: NOON + 9 }));
  expect(written).toMatchObject({ state: 'submitting', quoted: 5, leaseOwner: 'me', characterId: character.id });
  clock.now += 7;
  const settled = store.bindings.settle('bnd_1', { state: 'ready', remoteId: 'char_9', mention: '@char_9' });
  expect(settled).toMatchObject({ state: 'ready', remoteId: 'char_9', sendKey: 'send_1', updatedAt: NOON + 7 });
  expect(settled).not.toHaveProperty('leaseOwner');
  const found = store.characters.byRemoteId('local', 'char_9');
  expect(found?.bindings).toEqual([
    { backend: 'reverse', route: 'reverse', state: 'ready', remoteId: 'char_9', mention: '@char_9', createdAt: NOON },
  ]);
  expect(store.characters.byRemoteId('local', 'char_9', 'reverse')).toEqual(found);
  expect(store.characters.byRemoteId('local', 'char_9', 'other')).toBeUndefined();
  expect(store.characters.byRemoteId('other', 'char_9')).toBeUndefined();
});

test('at most one create a backend goes out; only a failed one is tried anew', () => {
  const { store, intent } = setUp();
  expect(store.bindings.insertIntent(intent())).toBeDefined();
  expect(store.bindings.insertIntent(intent({ id: 'bnd_2' }))).toBeUndefined();
  expect(store.bindings.insertIntent(intent({ id: 'bnd_3', backend: 'forwarding' }))).toBeDefined();
  store.bindings.settle('bnd_1', { state: 'unknown', error: 'no answer' });
  expect(store.bindings.insertIntent(intent({ id: 'bnd_2' }))).toBeUndefined();
  expect(store.bindings.settle('bnd_1', { state: 'failed', error: 'refused' })).toMatchObject({ error: 'refused' });
  expect(store.bindings.settle('bnd_1', { state: 'unknown', error: 'no answer' })).toBeUndefined();
  expect(store.bindings.insertIntent(intent({ id: 'bnd_2' }))).toMatchObject({ id: 'bnd_2', state: 'submitting' });
  expect(store.bindings.byId('bnd_1')).toBeUndefined();
  expect(store.bindings.insertIntent(intent({ id: 'bnd_4', characterId: 'chr_none' }))).toBeUndefined();
  expect(store.bindings.insertIntent(intent({ id: 'bnd_4', workspace: 'other', backend: 'x' }))).toBeUndefined();
});

test('one that was given up may turn out to be made after all, once', () => {
  const { store, intent } = setUp();
  store.bindings.insertIntent(intent());
  store.bindings.settle('bnd_1', { state: 'failed', error: 'it never arrived' });
  const late = store.bindings.settle('bnd_1', { state: 'ready', remoteId: 'late' });
  expect(late).toMatchObject({ state: 'ready', remoteId: 'late' });
  expect(late).not.toHaveProperty('error');
  expect(store.bindings.settle('bnd_1', { state: 'ready', remoteId: 'other' })).toBeUndefined();
  expect(store.bindings.settle('bnd_1', { state: 'failed', error: 'x' })).toBeUndefined();
});

test('orphans are leased once, when their lease has lapsed or was given in another time', () => {
  const { store, intent } = setUp();
  store.bindings.insertIntent(intent({ leaseOwner: 'dead', leaseUntil: NOON + 1_000 }));
  const claim = { leaseMs: 1_000, limit: 5 };
  expect(store.bindings.claimDue({ ...claim, owner: 'a', now: NOON })).toEqual([]);
  expect(store.bindings.claimDue({ ...claim, owner: 'a', now: NOON + 1_000, except: ['bnd_1'] })).toEqual([]);
  expect(store.bindings.claimDue({ ...claim, owner: 'a', now: NOON + 1_000 })).toMatchObject([
    { id: 'bnd_1', leaseOwner: 'a' },
  ]);
  expect(store.bindings.claimDue({ ...claim, owner: 'b', now: NOON + 1_500 })).toEqual([]);
  expect(store.bindings.claimDue({ ...claim, owner: 'b', now: NOON - 86_400_000 })).toHaveLength(1);
  store.bindings.settle('bnd_1', { state: 'unknown', nextCheckAt: NOON + 9_000 });
  expect(store.bindings.claimDue({ ...claim, owner: 'a', now: NOON + 8_999 })).toEqual([]);
  expect(store.bindings.claimDue({ ...claim, owner: 'a', now: NOON + 9_000 })).toHaveLength(1);
});

test('a create is under way while what it makes may be listed before it is bound', () => {
  const { store, intent } = setUp();
  const makes = (workspace: string, tasksSince = NOON) => store.bindings.someoneMakes('reverse', workspace, tasksSince);
  expect(makes('local')).toBe(false);
  store.bindings.insertIntent(intent());
  expect([makes('local'), makes('other')]).toEqual([true, true]);
  store.bindings.settle('bnd_1', { state: 'unknown' });
  expect([makes('local'), makes('other')]).toEqual([true, true]);
  store.bindings.settle('bnd_1', { state: 'unknown', nextCheckAt: NOON + 9 });
  expect([makes('local'), makes('other')]).toEqual([false, true]);
  store.bindings.settle('bnd_1', { state: 'submitting', remoteTaskId: 'task_1', nextCheckAt: NOON + 9 });
  expect([makes('local'), makes('local', NOON + 1), makes('other', NOON + 1)]).toEqual([true, false, false]);
});

test('pages by backend leave out failed bindings', () => {
  const { store, intent } = setUp();
  for (let n = 0; n < 5; n++) {
    const { id } = store.characters.insert(aCharacter({ handle: `hen_${n}`, name: 'Hen' }));
    store.bindings.insertIntent(intent({ id: `b${n}`, characterId: id }));
  }
  store.bindings.settle('b3', { state: 'failed', error: 'x' });
  const page = (cursor?: string, query?: string) =>
    store.characters.page({ workspace: 'local', backend: 'reverse', limit: 3, cursor, query });
  const handles = (found: ReturnType<typeof page>) => found.items.map((character) => character.handle);
  const first = page();
  expect(handles(first)).toEqual(['hen_4', 'hen_2', 'hen_1']);
  expect(handles(page(first.nextCursor))).toEqual(['hen_0']);
  expect(handles(page(undefined, 'hen'))).toEqual(['hen_4', 'hen_2', 'hen_1']);
  expect(handles(page(undefined, 'fox'))).toEqual([]);
});

test('a listed character is adopted once, with a handle of its own', () => {
  const { store } = setUp();
  const found = { workspace: 'local', backend: 'reverse', route: 'reverse', name: 'Fox' } as const;
  const first = store.bindings.adopt({
    ...found,
    characterId: 'chr_1',
    bindingId: 'b1',
    remoteId: 'r1',
    mention: '@r1',
  });
  expect(first).toMatchObject({
    adopted: true,
    character: {
      id: 'chr_1',
      handle: 'fox_2',
      source: { kind: 'adopted', backend: 'reverse' },
      bindings: [{ mention: '@r1' }],
    },
  });
  const again = store.bindings.adopt({ ...found, characterId: 'chr_2', bindingId: 'b2', remoteId: 'r1' });
  expect(again).toEqual({ ...first, adopted: false });
  const elsewhere = store.bindings.adopt({
    ...found,
    backend: 'x',
    characterId: 'chr_3',
    bindingId: 'b3',
    remoteId: 'r1',
  });
  expect(elsewhere.character.handle).toBe('fox_3');
  expect(store.characters.byRemoteId('local', 'r1')?.id).toBe('chr_3');
});

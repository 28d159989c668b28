import { expect, test } from 'vitest';
import { aCharacter, tempStore } from './fixtures.ts';

test('an index in many parts becomes one, a step at a time, and finds the same', () => {
  const store = tempStore();
  for (let n = 0; n < 300; n++)
    store.characters.insert(aCharacter({ handle: `fox_${n}`, name: `Fox ${n} of the rain` }));
  const found = () =>
    store.characters.page({ workspace: 'local', query: 'rain', limit: 100 }).items.map(({ id }) => id);
  const before = found();
  expect(before).toHaveLength(100);
  expect(store.searchIndex.parts()).toBeGreaterThan(1);
  let steps = 1;
  for (let more = store.searchIndex.merge(true); more; more = store.searchIndex.merge(false)) steps++;
  expect(steps).toBeGreaterThan(1);
  expect(store.searchIndex.parts()).toBe(1);
  expect(found()).toEqual(before);
  expect(store.searchIndex.merge(true)).toBe(false);
});

import { describe, expect, test } from 'vitest';
import { searchTerms } from '../../src/store/search-text.ts';
import type { Store } from '../../src/store/store.ts';
import { aCharacter, handClock, NOON, tempStore } from './fixtures.ts';

function insert(store: Store, ...handles: string[]): void {
  for (const handle of handles) store.characters.insert(aCharacter({ handle, name: handle.replaceAll('_', ' ') }));
}

function search(store: Store, query: string, workspace = 'local'): string[] {
  return store.characters.page({ workspace, query, limit: 50 }).items.map((character) => character.handle);
}

describe('the catalog', () => {
  test('finds by handle, id and ids, in its workspace only', () => {
    const { characters } = tempStore();
    const a = characters.insert(
      aCharacter({ handle: 'fox', description: 'red', source: { kind: 'file', path: '/a.mp4' } }),
    );
    const b = characters.insert(aCharacter({ handle: 'fox', workspace: 'other' }));
    expect(a.bindings).toEqual([]);
    expect(characters.byHandle('local', 'fox')).toEqual(a);
    expect(characters.byHandle('other', 'fox')).toEqual(b);
    expect(characters.byId('local', a.id)).toEqual(a);
    expect(characters.byId('local', b.id)).toBeUndefined();
    expect(characters.byIds('local', [b.id, 'chr_none', a.id, a.id])).toEqual([a, a]);
    expect([characters.count('local'), characters.count('other'), characters.count('none')]).toEqual([1, 1, 0]);
  });

  test('refuses a handle that is taken', () => {
    const { characters } = tempStore();
    const a = characters.insert(aCharacter({ handle: 'fox' }));
    const b = characters.insert(aCharacter({ handle: 'hen' }));
    const taken = expect.objectContaining({ code: 'handle_taken', field: 'handle', charged: 'no' });
    expect(() => characters.insert(aCharacter({ handle: 'fox' }))).toThrow(taken);
    expect(() => characters.update('local', b.id, { handle: a.handle })).toThrow(taken);
    expect(characters.count('local')).toBe(2);
  });

  test('changes, and is found by the new words only', () => {
    const clock = handClock();
    const store = tempStore({ clock: clock.read });
    const { id } = store.characters.insert(aCharacter({ handle: 'fox', name: 'Fox', description: 'a sailor' }));
    clock.now = NOON + 5;
    expect(store.characters.update('local', id, { description: 'a pilot' })).toMatchObject({
      name: 'Fox',
      description: 'a pilot',
      updatedAt: NOON + 5,
    });
    expect([search(store, 'sailor'), search(store, 'pilot')]).toEqual([[], ['fox']]);
    expect(store.characters.update('other', id, { description: 'x' })).toBeUndefined();
  });

  test('pages newest first, without gaps or repeats while others write', () => {
    const store = tempStore();
    insert(store, 'aa', 'bb', 'cc', 'dd', 'ee');
    const first = store.characters.page({ workspace: 'local', limit: 2 });
    insert(store, 'ff');
    const second = store.characters.page({ workspace: 'local', limit: 2, cursor: first.nextCursor });
    const third = store.characters.page({ workspace: 'local', limit: 2, cursor: second.nextCursor });
    const handles = [first, second, third].map((page) => page.items.map((character) => character.handle));
    expect(handles).toEqual([['ee', 'dd'], ['cc', 'bb'], ['aa']]);
    expect(third.nextCursor).toBeUndefined();
    expect(store.characters.page({ workspace: 'none', limit: 2 })).toEqual({ items: [] });
  });

  test('a page that is exactly full has no next one', () => {
    const store = tempStore();
    insert(store, 'aa', 'bb');
    expect(store.characters.page({ workspace: 'local', limit: 2 }).nextCursor).toBeUndefined();
  });

  test('makes free handles from names', () => {
    const store = tempStore();
    const name = 'Coffee Girl';
    const made = Array.from({ length: 60 }, () => {
      const handle = store.characters.freeHandle('local', name);
      insert(store, handle);
      return handle;
    });
    expect(made.slice(0, 3)).toEqual(['coffee_girl', 'coffee_girl_2', 'coffee_girl_3']);
    expect(new Set(made).size).toBe(60);
    expect(store.characters.freeHandle('local', '咖啡')).toBe('character');
    insert(store, 'x'.repeat(40));
    expect(store.characters.freeHandle('local', 'x'.repeat(60))).toBe(`${'x'.repeat(38)}_2`);
  });
});

describe('a search', () => {
  const cast: readonly [handle: string, name: string, description: string][] = [
    ['coffee_girl', 'Coffee Girl', 'A barista who wears a red scarf'],
    ['showgirl', 'Showgirl', ''],
    ['lukasz', 'Łukasz Müller', 'Straße, CAFÉ'],
    ['kafei', '咖啡店老板', '在市场工作'],
    ['robot_7', 'R2-D7 🤖', 'beeps'],
    ['hindi', 'हिन्दी', 'Ünïcödé and ﬁne ligatures'],
    ['strewn', 'xyzx', 'yzxw'],
  ];

  test.each([
    ['coffee', ['coffee_girl']],
    ['COFFEE girl', ['coffee_girl']],
    ['girl coffee', ['coffee_girl']],
    ['@coffee_girl', ['coffee_girl']],
    ['offe', ['coffee_girl']],
    ['girl', ['showgirl', 'coffee_girl']],
    ['show', ['showgirl']],
    ['c', ['lukasz', 'coffee_girl']],
    ['co', ['coffee_girl']],
    ['of', []],
    ['re sc', ['coffee_girl']],
    ['barista scarf', ['coffee_girl']],
    ['barista zebra', []],
    ['lukasz', ['lukasz']],
    ['ŁUKASZ', ['lukasz']],
    ['muller', ['lukasz']],
    ['müller', ['lukasz']],
    ['strasse', ['lukasz']],
    ['cafe', ['lukasz']],
    ['unicode', ['hindi']],
    ['fine', ['hindi']],
    ['हिन्दी', ['hindi']],
    ['咖啡店', ['kafei']],
    ['啡店', ['kafei']],
    ['板', ['kafei']],
    ['市场', ['kafei']],
    ['店市', []],
    ['r2', ['robot_7']],
    ['7', ['robot_7']],
    ['🤖', ['robot_7']],
    ['xyzx yzxw', ['strewn']],
    ['xyzxw', []],
    ['xyzxyzxw', []],
    ['!!!', []],
    ['"', []],
    ['coffee"', ['coffee_girl']],
    ['coffee* OR girl', []],
    ['NEAR(coffee)', []],
    ['x'.repeat(5_000), []],
    [Array.from({ length: 200 }, (_, n) => String.fromCharCode(0x400 + n)).join(''), []],
    ["'; drop table characters; --", []],
    ['\u0000', []],
    ['\ue000\ue000c', ['lukasz', 'coffee_girl']],
  ])('for %j', (query, expected) => {
    const store = tempStore();
    for (const [handle, name, description] of cast) store.characters.insert(aCharacter({ handle, name, description }));
    expect(search(store, query)).toEqual(expected);
  });

  test('of blanks shows everything', () => {
    const store = tempStore();
    insert(store, 'aa', 'bb');
    expect(search(store, '  ')).toEqual(['bb', 'aa']);
  });

  test('agrees with reading every row, page by page', () => {
    const store = tempStore();
    const words = ['fox', 'foxglove', 'ox', 'box', 'red', 'reddish', 'infrared', 'o', 're'];
    const rows = Array.from({ length: 400 }, (_, n) =>
      [0, 1, 2].map((at) => words[(n * (at * 7 + 3) + at * n * n) % words.length]!),
    );
    store.transaction(() => {
      for (const [n, row] of rows.entries()) {
        store.characters.insert(aCharacter({ handle: `h${n}`, name: row.join(' ') }));
      }
    });
    const matches = (row: readonly string[], word: string) =>
      row.some((each) => (word.length < 3 ? each.startsWith(word) : each.includes(word)));
    for (const query of ['fox', 'ox', 'red', 're', 'infrared box', 'o red', 'glove fox', 'dish', 'edd', 'r o f']) {
      const expected = rows.flatMap((row, n) =>
        query.split(' ').every((word) => matches(row, word)) ? [`h${n}`] : [],
      );
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = store.characters.page({ workspace: 'local', query, limit: 7, cursor });
        found.push(...page.items.map((character) => character.handle));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      expect(found, query).toEqual(expected.reverse());
    }
  });

  test.each([
    ['few', 10],
    ['many', 2],
  ])('of a backend where %s are bound agrees with reading every row, page by page', (backend, every) => {
    const store = tempStore();
    const words = ['fox', 'foxglove', 'ox', 'red', 'infrared', 're'];
    const rows = Array.from({ length: 500 }, (_, n) => [words[n % 6]!, words[(n * 5 + 1) % 6]!]);
    store.transaction(() => {
      for (const [n, row] of rows.entries()) {
        const { id } = store.characters.insert(aCharacter({ handle: `h${n}`, name: row.join(' ') }));
        if (n % every !== 0) continue;
        const intent = { id: `b${n}`, workspace: 'local', characterId: id, backend, sendKey: `s${n}` };
        store.bindings.insertIntent({ ...intent, route: 'reverse' });
        if (n % 20 === 0) store.bindings.settle(`b${n}`, { state: 'failed', error: 'x' });
      }
    });
    const matches = (row: readonly string[], word: string) =>
      row.some((each) => (word.length < 3 ? each.startsWith(word) : each.includes(word)));
    for (const query of ['fox', 'red', 're', 'o red', 'glove', 'f', 'zebra']) {
      const expected = rows.flatMap((row, n) =>
        n % every === 0 && n % 20 !== 0 && query.split(' ').every((word) => matches(row, word)) ? [`h${n}`] : [],
      );
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = store.characters.page({ workspace: 'local', query, backend, limit: 7, cursor });
        found.push(...page.items.map((character) => character.handle));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      expect(found, query).toEqual(expected.reverse());
      expect(store.characters.page({ workspace: 'local', query, backend: 'none', limit: 7 })).toEqual({ items: [] });
    }
  });

  test('asks the index for the seams of a word, so that the words on both sides of one are passed over unread', () => {
    expect(searchTerms('redscarf')?.match).toBe('"red" AND "dsc" AND "car" AND "arf"');
    expect(searchTerms('coffee')?.match).toBe('"cof" AND "ffe" AND "fee"');
    expect(searchTerms('fox')?.match).toBe('"fox"');
  });

  test('never sees another workspace', () => {
    const store = tempStore();
    insert(store, 'fox');
    store.characters.insert(aCharacter({ handle: 'fox_two', workspace: 'other' }));
    expect([search(store, 'fox'), search(store, 'fox', 'other'), search(store, 'fox', 'none')]).toEqual([
      ['fox'],
      ['fox_two'],
      [],
    ]);
    expect(store.characters.handlesLike('other', 'f', 5)).toEqual(['fox_two']);
    expect(store.characters.similarHandles('other', 'fux', 5)).toEqual([]);
  });

  test('completes from the start first, then from within', () => {
    const { characters } = tempStore();
    for (const handle of ['girl_two', 'coffee_girl', 'girl_one', 'boy'])
      characters.insert(aCharacter({ handle, name: 'A girl' }));
    expect(characters.handlesLike('local', 'girl', 10)).toEqual(['girl_one', 'girl_two', 'coffee_girl']);
    expect(characters.handlesLike('local', '@Girl_', 10)).toEqual(['girl_one', 'girl_two', 'coffee_girl']);
    expect(characters.handlesLike('local', 'girl', 1)).toEqual(['girl_one']);
    expect(characters.handlesLike('local', '', 2)).toEqual(['boy', 'coffee_girl']);
    expect(characters.handlesLike('local', 'zebra', 10)).toEqual([]);
  });

  test('a completion does not read everybody whose description has the word', () => {
    const store = tempStore();
    store.transaction(() => {
      insert(store, 'old_rain');
      for (let n = 0; n < 600; n++) store.characters.insert(aCharacter({ description: 'walks in the rain' }));
      insert(store, 'new_rain', 'rainer');
    });
    expect(store.characters.handlesLike('local', 'rain', 5)).toEqual(['rainer', 'new_rain']);
    expect(store.characters.handlesLike('local', 'old_rain', 5)).toEqual(['old_rain']);
    expect(store.characters.handlesLike('local', 'walks', 5)).toEqual([]);
  });

  test.each([
    ['cofee_girl', 'coffee_girl'],
    ['coffe_girl', 'coffee_girl'],
    ['coffee_gril', 'coffee_girl'],
    ['goffee_girl', 'coffee_girl'],
    ['girl', 'coffee_girl'],
    ['@COFFEE', 'coffee_girl'],
    ['detectve_7', 'detective_7'],
  ])('suggests for %s', (typed, meant) => {
    const store = tempStore();
    const { characters } = store;
    const crowd = (name: string) => Array.from({ length: 200 }, (_, n) => `${name}_${n}`);
    store.transaction(() => {
      insert(store, ...crowd('extra'), 'coffee_girl', 'tea_boy', 'detective_7', ...crowd('person'));
    });
    expect(characters.similarHandles('local', typed, 3)[0]).toBe(meant);
    expect(characters.similarHandles('local', 'qqqqqqqq', 3)).toEqual([]);
  });
});

import { expect, test, vi } from 'vitest';
import { readAsMention } from '../../src/domain/mentions.ts';
import { Statement } from '../../src/store/database.ts';
import type { Store } from '../../src/store/store.ts';
import { tempStore } from './fixtures.ts';

const NAMES: readonly [remoteId: string, mention: string][] = [
  ['char_1', '@char_1'],
  ['char_12', '@sam'],
  ['char_123', '@sam.lee'],
  ['CHAR_x', '@{Coffee Girl}'],
  ['3f9a=', '@{coffee girl 2}'],
  ['id-7', '@élan'],
  ['id-8', '@咖啡'],
  ['id-9', '@🦊fox'],
  ['@id-10', '@samuel'],
];

function adopt(store: Store, workspace: string, backend: string, names: readonly [string, string][]): void {
  for (const [n, [remoteId, mention]] of names.entries()) {
    const id = `${workspace}_${backend}_${n}`;
    const found = { workspace, backend, route: 'reverse', remoteId, mention, name: id } as const;
    store.bindings.adopt({ ...found, characterId: `chr_${id}`, bindingId: `bnd_${id}` });
  }
}

const TEXTS = [
  'a walk with @char_1',
  '@CHAR_12!',
  '@char_1234 is nobody',
  '@char_',
  'mail@sam',
  '@sam.lee and',
  '@sam.',
  '@samu',
  '@{ coffee girl} @{nobody}',
  '@@coffee girl 2',
  '@{\ncoffee girl 22}',
  '@coffee',
  'char_1 and sam',
  '@3f9a=',
  '@Élan',
  '@ÉLAN!',
  '@咖啡走路',
  '@🦊fox',
  '@🦊',
  '@\ud83e',
  '@id-10',
  '@'.repeat(5_000),
  '@ @{ @{{ }',
  `@${'a'.repeat(5_000)} @id-7`,
  '@c\u0000har_1',
];

test('what others are called is found in a text as by reading every name', () => {
  const store = tempStore();
  store.transaction(() => {
    adopt(store, 'other', 'reverse', NAMES);
    adopt(store, 'local', 'reverse', [
      ['mine', '@nobody'],
      ['mine_2', '@coffee'],
    ]);
    adopt(store, 'other', 'elsewhere', [['char_', '@samu']]);
  });
  const names = NAMES.flat();
  for (const text of TEXTS) {
    const found = store.bindings.othersIn(text, 'reverse', 'local');
    const expected = readAsMention(text, names);
    expect(readAsMention(text, found) !== undefined, text).toBe(expected !== undefined);
    for (const name of found) expect(names).toContain(name);
    for (const name of store.bindings.othersIn(text, 'reverse', 'other'))
      expect(['@nobody', '@coffee']).toContain(name);
  }
  expect(TEXTS.filter((text) => readAsMention(text, names) !== undefined)).toHaveLength(15);
});

/** The same texts in each run, short and much alike. */
function drawn(count: number, letters: readonly string[], longest: number): string[] {
  let seed = 7;
  const draw = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + draw(longest) }, () => letters[draw(letters.length)]).join(''),
  );
}

test('nobody is overlooked among names that begin alike and in every script', () => {
  const store = tempStore();
  const letters = ['a', 'A', 'b', '.', '@', '\uffee', '🦊', '\ue000', 'é'];
  const names = [...new Set(drawn(300, letters, 5))].filter((name) => /^[^@]/.test(name));
  store.transaction(() =>
    adopt(
      store,
      'other',
      'reverse',
      names.map((name, n) => [name, `@${names[n + 1] ?? 'last'}`]),
    ),
  );
  let met = 0;
  for (const text of drawn(200, [...letters, '@', ' '], 60)) {
    const found = new Set(store.bindings.othersIn(text, 'reverse', 'local').map((name) => name.replace(/^@/, '')));
    for (const name of names) {
      if (readAsMention(text, [name]) === undefined) continue;
      met += 1;
      // One of several that differ in nothing but the case of A to Z.
      const alike = [...found].some((each) => each.replace(/A/g, 'a') === name.replace(/A/g, 'a'));
      expect(alike, `${name} in ${text}`).toBe(true);
    }
  }
  expect(met).toBeGreaterThan(100);
});

test.each<[string, string, number]>([
  ['one sign and letter again and again', '@a'.repeat(16_000), 20],
  ['the same with spaces', '@a '.repeat(10_000), 20],
  ['words that nobody is called', Array.from({ length: 6_000 }, (_, n) => `@x${n.toString(36)} `).join(''), 20],
  ['a few names in any order', drawn(4_000, ['@u7.name ', '@u77.name ', '@u777.name '], 1).join(''), 40],
])('a long prompt costs few questions: %s', (_, text, most) => {
  const store = tempStore();
  const names = Array.from({ length: 3_000 }, (_, n): [string, string] => [`a@a${n.toString(36)}`, `@u${n}.name`]);
  store.transaction(() => adopt(store, 'other', 'reverse', names));
  const asked = vi.spyOn(Statement.prototype, 'first');
  store.bindings.othersIn(text, 'reverse', 'local');
  const questions = asked.mock.calls.length;
  asked.mockRestore();
  expect(questions).toBeLessThan(most);
});

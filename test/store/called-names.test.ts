import { expect, test } from 'vitest';
import { readAsMention } from '../../src/domain/mentions.ts';
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

function adopt(store: Store, workspace: string, backend: string, names: typeof NAMES): void {
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

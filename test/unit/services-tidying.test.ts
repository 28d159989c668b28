import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { tidySearch } from '../../src/services/tidying.ts';
import { startApp, tempDir } from '../helpers/app.ts';
import { eventually } from '../helpers/crash.ts';
import { aCharacter, tempStore } from '../store/fixtures.ts';

/** A data directory whose search index stands in so many parts. */
function inParts(parts: number) {
  const dataDir = tempDir();
  const store = tempStore({ dataDir });
  const beside = new Sqlite(join(dataDir, 'sora.db'));
  beside.exec("insert into characters_search (characters_search, rank) values ('automerge', 0)");
  beside.close();
  for (let n = 0; n < parts; n++) store.characters.insert(aCharacter({ handle: `fox_${n}` }));
  expect(store.searchIndex.parts()).toBe(parts);
  return { dataDir, store };
}

test('a server merges a search index that stands in many parts, of itself', async () => {
  const { dataDir, store } = inParts(9);
  await startApp({ dataDir });
  await eventually(() => store.searchIndex.parts() === 1);
  expect(store.characters.page({ workspace: 'local', query: 'fox', limit: 20 }).items).toHaveLength(9);
});

test('few parts are left as they are', async () => {
  const few = inParts(5);
  await tidySearch({ store: few.store } as never, new AbortController().signal);
  expect(few.store.searchIndex.parts()).toBe(5);
});

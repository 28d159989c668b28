import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Database } from '../../src/store/database.ts';
import { MIGRATIONS, migrate } from '../../src/store/migrations.ts';
import { openStore, storeOn } from '../../src/store/store.ts';
import { aCharacter, aTask, NOON, tempDir, tempStore } from './fixtures.ts';
import { bundleWorker, startWorker } from './processes.ts';

function tables(database: Database): string[] {
  const query = database.build
    .withTables<{ sqlite_schema: { name: string; sql: string } }>()
    .selectFrom('sqlite_schema');
  return database.all(query.select(['name', 'sql']).orderBy('name')).map(({ name, sql }) => `${name}: ${sql}`);
}

test.each(MIGRATIONS.map((step, index) => [index, step.name] as const))(
  'a file of %i steps, before %s, is brought up to date with what is in it',
  (count) => {
    const path = join(tempDir(), 'sora.db');
    const old = new Database(path);
    migrate(old, NOON, MIGRATIONS.slice(0, count));
    if (count > 0) storeOn(old, path, () => NOON).characters.insert(aCharacter({ handle: 'kept' }));
    if (count > 1) storeOn(old, path, () => NOON).tasks.insert(aTask({ remoteId: 'kept' }));
    old.close();

    const database = new Database(path);
    migrate(database, NOON);
    migrate(database, NOON);
    const store = storeOn(database, path, () => NOON);
    expect(store.characters.count('local')).toBe(count > 0 ? 1 : 0);
    expect(store.tasks.byRemoteId('local', 'kept') !== undefined).toBe(count > 1);
    expect(database.all(database.build.selectFrom('migrations').select('name')).map((row) => row.name)).toEqual(
      MIGRATIONS.map((step) => step.name),
    );
    const fresh = new Database(join(tempDir(), 'sora.db'));
    migrate(fresh, NOON);
    expect(tables(database)).toEqual(tables(fresh));
    fresh.close();
    database.close();
  },
);

test('a step that fails leaves the file as it was', () => {
  const database = new Database(join(tempDir(), 'sora.db'));
  const broken = { name: '999-broken', sql: 'create table half (a); create table half (a);' };
  expect(() => migrate(database, NOON, [...MIGRATIONS, broken])).toThrow();
  expect(tables(database)).toEqual([]);
  database.close();
});

test('a file of a newer version is refused, and told so', () => {
  const dataDir = tempDir();
  openStore({ dataDir, clock: () => NOON }).close();
  const newer = new Database(join(dataDir, 'sora.db'));
  migrate(newer, NOON, [...MIGRATIONS, { name: '900-from-the-future', sql: 'create table future (a)' }]);
  newer.close();
  expect(() => tempStore({ dataDir })).toThrow(
    expect.objectContaining({
      code: 'store_unavailable',
      message: expect.stringContaining('900-from-the-future'),
      hint: expect.stringContaining('Update sora-mcp'),
    }),
  );
});

test('processes that start at once all succeed', async () => {
  const worker = await bundleWorker();
  try {
    for (let round = 0; round < 3; round++) {
      const dataDir = tempDir();
      const workers = Array.from({ length: 4 }, () => startWorker(worker.file, 'open', dataDir));
      expect(await Promise.all(workers.map((each) => each.next()))).toEqual(Array(4).fill({ characters: 0 }));
    }
  } finally {
    worker.remove();
  }
});

import { chmodSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SoraError } from '../../src/domain/errors.ts';
import { Database } from '../../src/store/database.ts';
import { storeError } from '../../src/store/errors.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { aCharacter, aTask, tempDir, tempStore } from './fixtures.ts';
import { bundleWorker, kill, startWorker } from './processes.ts';

let worker: Awaited<ReturnType<typeof bundleWorker>>;
beforeAll(async () => {
  worker = await bundleWorker();
});
afterAll(() => worker.remove());

function failure(work: () => unknown): SoraError {
  try {
    work();
  } catch (error) {
    if (error instanceof SoraError) return error;
    throw error;
  }
  throw new Error('it worked');
}

/** The smallest thing that there is to keep. */
function put({ observations }: Store, backend: string, status: string): void {
  observations.set({ backend, subject: '*', status, observedAt: 5 });
}

function kept({ observations }: Store, backend: string): string | undefined {
  return observations.of(backend)[0]?.status;
}

describe('a database', () => {
  test('keeps everything over a restart', () => {
    const dataDir = tempDir();
    const first = openStore({ dataDir, clock: () => 5 });
    const character = first.characters.insert(aCharacter({ handle: 'coffee_girl' }));
    const task = first.tasks.insert(aTask({ idempotencyKey: 'k', error: undefined, size: '1280x720' }));
    put(first, 'a', 'b');
    first.close();
    const again = tempStore({ dataDir });
    expect(again.characters.byHandle('local', 'coffee_girl')).toEqual(character);
    expect(again.tasks.byIdempotencyKey('local', 'k')).toEqual(JSON.parse(JSON.stringify(task)));
    expect(kept(again, 'a')).toBe('b');
  });

  test('is for this user only', () => {
    const dataDir = join(tempDir(), 'new', 'folder');
    tempStore({ dataDir });
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
    expect(statSync(join(dataDir, 'sora.db')).mode & 0o777).toBe(0o600);
  });

  test('commits to the disk, except for leases', () => {
    const dataDir = tempDir();
    tempStore({ dataDir });
    const database = new Database(join(dataDir, 'sora.db'));
    const mode = () => database.all({ compile: () => ({ sql: 'pragma synchronous', parameters: [] }) } as never);
    expect(mode()).toEqual([{ synchronous: 2 }]);
    expect(database.relaxed(mode)).toEqual([{ synchronous: 1 }]);
    expect(mode()).toEqual([{ synchronous: 2 }]);
    database.close();
  });

  test('rolls a transaction back whole, and the inner one alone', () => {
    const store = tempStore();
    expect(() =>
      store.transaction(() => {
        put(store, 'outer', '1');
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(kept(store, 'outer')).toBeUndefined();
    store.transaction(() => {
      put(store, 'outer', '1');
      expect(() =>
        store.transaction(() => {
          put(store, 'inner', '1');
          throw new Error('no');
        }),
      ).toThrow('no');
    });
    expect([kept(store, 'outer'), kept(store, 'inner')]).toEqual(['1', undefined]);
  });

  test('refuses a transaction that would await', () => {
    const store = tempStore();
    expect(() => store.transaction((async () => put(store, 'a', 'b')) as never)).toThrow(/promise/);
    expect(kept(store, 'a')).toBeUndefined();
  });

  test('is busy while another process holds it, reads meanwhile, and works after', async () => {
    const dataDir = tempDir();
    const store = tempStore({ dataDir });
    const { child, next } = startWorker(worker.file, 'lock', dataDir);
    await next();
    const start = performance.now();
    const error = failure(() => put(store, 'a', 'b'));
    expect(performance.now() - start).toBeGreaterThan(1_500);
    expect(error).toMatchObject({ code: 'store_busy', retryable: true, charged: 'no' });
    expect(kept(store, 'a')).toBeUndefined();
    child.send('unlock');
    await next();
    put(store, 'a', 'b');
    expect(kept(store, 'a')).toBe('b');
  });

  test('loses nothing that was said, and keeps nothing half, when a process is killed', async () => {
    const dataDir = tempDir();
    const hung = startWorker(worker.file, 'hang', dataDir);
    await hung.next();
    await kill(hung);
    const store = tempStore({ dataDir });
    expect(store.characters.count('local')).toBe(0);
    expect(store.ledger.summary('local', Date.now()).reserved).toBe(0);

    const writing = startWorker(worker.file, 'write', dataDir);
    let last = 0;
    while (last < 20) last = (await writing.next()) as number;
    await kill(writing);
    const count = store.characters.count('local');
    expect(count).toBeGreaterThan(last);
    expect(store.characters.byHandle('local', `written_${last}`)).toBeDefined();
    expect(store.characters.page({ workspace: 'local', query: 'written', limit: count + 1 }).items).toHaveLength(count);
  });

  test('says what is wrong with a folder or a file that cannot be used', () => {
    const taken = join(tempDir(), 'file');
    writeFileSync(taken, '');
    expect(failure(() => tempStore({ dataDir: taken }))).toMatchObject({ code: 'store_unavailable' });

    // The kernel makes no folders there, not even for root.
    expect(failure(() => tempStore({ dataDir: '/proc/sora' }))).toMatchObject({ code: 'store_unavailable' });

    const rubbish = tempDir();
    writeFileSync(join(rubbish, 'sora.db'), 'not a database, but long enough to look at'.repeat(100));
    const error = failure(() => tempStore({ dataDir: rubbish }));
    expect(error).toMatchObject({ code: 'store_unavailable', retryable: false });
    expect(error.hint).toContain('Move the file away');
    expect(readFileSync(join(rubbish, 'sora.db'), 'utf8')).toContain('not a database');
  });

  test('says that a damaged file is damaged', () => {
    const dataDir = tempDir();
    const store = openStore({ dataDir, clock: () => 5 });
    for (let n = 0; n < 200; n++) store.characters.insert(aCharacter({ description: 'x'.repeat(500) }));
    store.close();
    truncateSync(join(dataDir, 'sora.db'), 40_000);
    const error = failure(() => {
      const again = tempStore({ dataDir });
      again.characters.page({ workspace: 'local', limit: 1_000 });
    });
    expect(error).toMatchObject({ code: 'store_unavailable', retryable: false });
  });

  test.skipIf(process.getuid?.() === 0)('says that a folder cannot be written', () => {
    const dataDir = join(tempDir(), 'locked');
    mkdirSync(dataDir, { mode: 0o500 });
    const error = failure(() => tempStore({ dataDir }));
    expect(error).toMatchObject({ code: 'store_unavailable' });
    expect(error.hint).toContain('SORA_DATA_DIR');
    chmodSync(dataDir, 0o700);
  });

  test.each([
    ['SQLITE_BUSY_SNAPSHOT', 'store_busy'],
    ['SQLITE_FULL', 'disk_full'],
    ['ENOSPC', 'disk_full'],
    ['SQLITE_READONLY', 'store_unavailable'],
    ['SQLITE_CANTOPEN', 'store_unavailable'],
    ['EROFS', 'store_unavailable'],
    ['SQLITE_CORRUPT_VTAB', 'store_unavailable'],
  ])('%s is %s', (code, meaning) => {
    expect(storeError(Object.assign(new Error('x'), { code }), '/data')).toMatchObject({
      code: meaning,
      charged: 'no',
    });
  });

  test('a full disk is told as such, and the store lives on', () => {
    const dataDir = tempDir();
    tempStore({ dataDir });
    const database = new Database(join(dataDir, 'sora.db'));
    const { build } = database;
    const fill = (note: string) => {
      const row = { backend: 'a', subject: note.slice(0, 9), status: 'gone', until: null, note, observed_at: 5 };
      database.run(build.insertInto('observations').values(row));
    };
    database.exec('pragma max_page_count = 100');
    expect(failure(() => fill('x'.repeat(1_000_000)))).toMatchObject({ code: 'disk_full', retryable: true });
    fill('small');
    expect(database.first(build.selectFrom('observations').select('note'))).toEqual({ note: 'small' });
    database.close();
  });
});

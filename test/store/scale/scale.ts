import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stderr } from 'node:process';
import { openStore, type Store } from '../../../src/store/store.ts';
import { finishedTask, seededName, seedStore } from '../../helpers/seed-store.ts';

/*
 * Not a test: shows what each hot call costs with few and with many rows in the file.
 *   npx esbuild test/store/scale/scale.ts --bundle --platform=node --format=esm --external:better-sqlite3 \
 *     --outfile=node_modules/.cache/scale.mjs && node node_modules/.cache/scale.mjs 1000000
 */
const MANY = Number(process.argv[2] ?? 1_000_000);
const FEW = 100;

type Calls = Readonly<Record<string, (store: Store) => unknown>>;

const page = (query?: string) => (store: Store) => store.characters.page({ workspace: 'local', query, limit: 20 });
const calls = (count: number): Calls => ({
  'characters, first page of 20': page(),
  'characters, a page from the middle': (store) =>
    store.characters.page({
      workspace: 'local',
      limit: 20,
      cursor: Buffer.from(`c${(count / 2).toString(36)}`).toString('base64url'),
    }),
  'characters, bound on a backend': (store) =>
    store.characters.page({ workspace: 'local', backend: 'reverse', limit: 20 }),
  'query "coffee"': page('coffee'),
  'query "offe"': page('offe'),
  'query "brave knight"': page('brave knight'),
  'query "c"': page('c'),
  'query "co"': page('co'),
  'query, one match': page(seededName(Math.floor(count / 3))),
  'query, no match': page('zebra'),
  'character by handle': (store) => store.characters.byHandle('local', seededName(17).replaceAll(' ', '_')),
  'handles like "cof"': (store) => store.characters.handlesLike('local', 'cof', 10),
  'similar to "cofee_grl"': (store) => store.characters.similarHandles('local', 'cofee_grl', 3),
  'count of characters': (store) => store.characters.count('local'),
  'task by id': (store) => store.tasks.byId(finishedTask(50, 'local', 0).id),
  'latest 10 tasks': (store) => store.tasks.latest('local', 10),
  'failed tasks, page of 10': (store) => store.tasks.page({ workspace: 'local', state: 'failed', limit: 5 }),
  'durations of 50 jobs': (store) => store.tasks.durations({ backend: 'reverse', model: 'sora-2', limit: 20 }),
  'claim, nothing due': (store) => store.tasks.claimDue({ owner: 'a', now: Date.now(), leaseMs: 30_000, limit: 20 }),
  'summary of spending': (store) => store.ledger.summary('local', Date.now()),
});

function median(call: () => unknown): number {
  for (let n = 0; n < 300; n++) call();
  const times: number[] = [];
  for (let n = 0; n < 1_001; n++) {
    const start = performance.now();
    call();
    times.push((performance.now() - start) * 1_000);
  }
  return times.sort((a, b) => a - b)[500]!;
}

function print(line: string): void {
  stderr.write(`${line}\n`);
}

const dir = mkdtempSync(join(tmpdir(), 'sora-scale-'));
try {
  const stores = [FEW, MANY].map((count) => {
    const dataDir = join(dir, String(count));
    let start = performance.now();
    seedStore(dataDir, { characters: count, tasks: count });
    const seeded = performance.now() - start;
    start = performance.now();
    const store = openStore({ dataDir, clock: Date.now });
    const opened = performance.now() - start;
    const size = statSync(join(dataDir, 'sora.db')).size / 1e6;
    print(
      `${count} of each: seeded in ${(seeded / 1_000).toFixed(1)} s, ${size.toFixed(0)} MB, opened in ${opened.toFixed(1)} ms`,
    );
    return store;
  });
  const [few, many] = stores as [Store, Store];
  print(`${'call (median, microseconds)'.padEnd(40)}${String(FEW).padStart(10)}${String(MANY).padStart(10)}   ratio`);
  const small = calls(FEW);
  for (const [name, call] of Object.entries(calls(MANY))) {
    const a = median(() => small[name]!(few));
    const b = median(() => call(many));
    print(
      `${name.padEnd(40)}${a.toFixed(1).padStart(10)}${b.toFixed(1).padStart(10)}${(b / a).toFixed(2).padStart(8)}`,
    );
  }
  for (const store of stores) store.close();
} finally {
  rmSync(dir, { recursive: true, force: true });
}

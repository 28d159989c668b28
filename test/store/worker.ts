import { join } from 'node:path';
import { SoraError } from '../../src/domain/errors.ts';
import { fromUsd, microUsd } from '../../src/domain/money.ts';
import { Database } from '../../src/store/database.ts';
import { saveStream } from '../../src/store/partfile.ts';
import { openStore, type Store } from '../../src/store/store.ts';

/* What the tests run in other processes: `worker.mjs <command> <dataDir> [argument]`. */
const [command, dataDir = '', argument = ''] = process.argv.slice(2);

function say(message: unknown): void {
  process.send?.(message);
}

function open(): Store {
  return patiently(() => openStore({ dataDir, clock: Date.now }));
}

/** Another process may stand still for seconds with the lock in its hand. */
function patiently<T>(work: () => T): T {
  for (;;) {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof SoraError && error.code === 'store_busy')) throw error;
    }
  }
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

const commands: Readonly<Record<string, () => void>> = {
  /** Opens the store, which migrates it. */
  open() {
    const store = open();
    say({ characters: store.characters.count('local') });
    store.close();
  },
  /** Holds the write lock until it is sent a message. */
  lock() {
    const database = new Database(join(dataDir, 'sora.db'));
    database.exec('begin immediate');
    process.once('message', () => {
      database.exec('rollback');
      database.close();
      say('unlocked');
    });
    say('locked');
  },
  /** Reserves ten cents as often as the limit of two dollars allows, settling every second one. */
  reserve() {
    const store = open();
    let reserved = 0;
    // All of them on one day: the limit is a day's.
    const now = Date.UTC(2026, 10, 22, 12);
    for (let n = 0; n < 40; n++) {
      const ref = `task_${argument}_${n}`;
      const wanted = {
        ref,
        workspace: 'local',
        backend: 'reverse',
        project: 'film',
        amount: fromUsd(0.1),
        source: 'test',
        limits: { day: fromUsd(2) },
        now,
      };
      const { ok } = patiently(() => store.ledger.reserve(wanted));
      if (ok) reserved += 1;
      if (ok && n % 2 === 0) patiently(() => store.ledger.settle(ref, microUsd(90_000), now));
    }
    say({ reserved });
    store.close();
  },
  /** Claims tasks one by one until none is due, and finishes each. */
  claim() {
    const store = open();
    const claimed: string[] = [];
    for (let idle = 0; idle < 5; ) {
      const claim = { owner: argument, now: Date.now(), leaseMs: 60_000, limit: 3 };
      const tasks = patiently(() => store.tasks.claimDue(claim));
      idle = tasks.length === 0 ? idle + 1 : 0;
      if (tasks.length === 0) sleep(5);
      for (const task of tasks) {
        claimed.push(task.id);
        const to = { from: 'queued', to: 'completed', leaseOwner: argument } as const;
        const moved = patiently(() => store.tasks.move(task.id, to));
        if (moved === undefined) say({ lost: task.id });
      }
    }
    say({ claimed });
    store.close();
  },
  /** Stands still in the middle of a transaction that has written, until it is killed. */
  hang() {
    const store = open();
    store.transaction(() => {
      const now = Date.now();
      const reservation = { workspace: 'local', backend: 'reverse', project: 'film', source: 'test', limits: {}, now };
      for (let n = 0; n < 200; n++) store.ledger.reserve({ ...reservation, ref: `hung_${n}`, amount: fromUsd(1) });
      store.characters.insert({
        id: 'chr_hung',
        workspace: 'local',
        handle: 'hung',
        name: 'Hung',
        description: 'x'.repeat(100_000),
        source: { kind: 'adopted', backend: 'reverse' },
        createdAt: now,
        updatedAt: now,
      });
      say('written');
      sleep(60_000);
    });
  },
  /** Saves a video whose source gets stuck, until it is killed. */
  save() {
    async function* stuck(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(1_000);
      yield Buffer.alloc(1_000);
      say('written');
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    }
    const open = async () => ({ body: stuck(), offset: 0, validator: '"v1"' });
    saveStream({ dir: dataDir, name: 'clip.mp4', open, check: async () => undefined }).catch(say);
  },
  /** Writes characters one by one, saying each, until it is killed. */
  write() {
    const store = open();
    for (let n = 0; ; n++) {
      const now = Date.now();
      const facts = {
        workspace: 'local',
        description: 'killed',
        source: { kind: 'adopted', backend: 'x' },
        createdAt: now,
        updatedAt: now,
      } as const;
      store.characters.insert({ ...facts, id: `chr_${n}`, handle: `written_${n}`, name: `Written ${n}` });
      say(n);
    }
  },
};

commands[command ?? '']?.();

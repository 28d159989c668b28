import { type ExpressionBuilder, type SqlBool, sql } from 'kysely';
import { type Database, type Statement, slot } from './database.ts';
import type { Schema } from './schema.ts';
import { type StoredTaskRow, TASK_COLUMNS } from './task-row.ts';

/**
 * What there is to do for a task. `poll`: ask how it goes, or reconcile an `unknown` one. `send`: its turn has come.
 * `recover`: its process died between the intent and the answer. `save`: fetch the finished file.
 */
export const DUE_KINDS = ['poll', 'send', 'recover', 'save'] as const;
export type DueKind = (typeof DUE_KINDS)[number];

export interface Claim {
  /** Names this process; a lease is renewed and released by its owner only. */
  readonly owner: string;
  /** Unix milliseconds. */
  readonly now: number;
  readonly leaseMs: number;
  readonly limit: number;
  /** Default: all of them. */
  readonly kinds?: readonly DueKind[] | undefined;
  /** Tasks of others are left to processes that have those backends; what is to be recovered needs none. Default: all. */
  readonly backends?: readonly string[] | undefined;
  /** Ids of tasks to leave alone: the process is at them already, whatever their leases say. */
  readonly except?: readonly string[] | undefined;
}

type Tasks = ExpressionBuilder<Schema, 'tasks'>;

const KIND = sql<DueKind>`case state
  when 'completed' then 'save'
  when 'submitting' then 'recover'
  when 'reserved' then iif(send_after is null, 'recover', 'send')
  else 'poll' end`;

/** A lease that ends more than two leases from now was given before the clock was set back. */
function unleased(eb: Tasks) {
  return eb.or([
    eb('lease_until', 'is', null),
    eb('lease_until', '<=', slot<number>('now')),
    eb('lease_until', '>', slot<number>('absurd')),
  ]);
}

/** What needs a backend needs one that the process has. */
const ABLE = sql<SqlBool>`(${slot<string | null>('backends')} is null or ${KIND} = 'recover'
  or backend in (select value from json_each(${slot<string | null>('backends')})))`;

/** The statements of the tracker. They read partial indexes that hold unfinished tasks only. */
export class DueTasks {
  readonly #database: Database;
  readonly #due: readonly Statement<{ seq: number }>[];
  readonly #lease: Statement<StoredTaskRow>;
  readonly #nextFree: Statement<{ at: number | null }>;
  readonly #nextLapse: Statement<{ at: number | null }>;

  constructor(database: Database) {
    this.#database = database;
    const queries = DueTasks.queries(database);
    this.#due = [database.prepare(queries.due), database.prepare(queries.fromTheFuture)];
    this.#lease = database.prepare(queries.lease);
    this.#nextFree = database.prepare(queries.nextFree);
    this.#nextLapse = database.prepare(queries.nextLapse);
  }

  claim({ owner, now, leaseMs, limit, kinds, backends, except = [] }: Claim): StoredTaskRow[] {
    const values = {
      now,
      absurd: now + 2 * leaseMs,
      limit,
      kinds: JSON.stringify(kinds ?? DUE_KINDS),
      backends: backends && JSON.stringify(backends),
      except: JSON.stringify(except),
    };
    // Looked for before the write lock is taken: mostly nothing is due.
    if (this.#due.every((statement) => statement.first(values) === undefined)) return [];
    const lease = () => {
      const seqs = [...new Set(this.#due.flatMap((statement) => statement.all(values).map((row) => row.seq)))];
      const rows = this.#lease.all({ seqs: JSON.stringify(seqs.slice(0, limit)), owner, until: now + leaseMs });
      return rows.sort((a, b) => seqs.indexOf(a.seq) - seqs.indexOf(b.seq));
    };
    return this.#database.relaxed(() => this.#database.transaction(lease));
  }

  nextDueAt(owner: string, now: number, backends?: readonly string[]): number | undefined {
    const values = { now, owner, backends: backends && JSON.stringify(backends) };
    const moments = [this.#nextFree.first(values), this.#nextLapse.first(values)].flatMap((row) => row?.at ?? []);
    return moments.length === 0 ? undefined : Math.max(now, Math.min(...moments));
  }

  /** Apart, so that a test can ask for their plans. */
  static queries(database: Database) {
    const { build } = database;
    const free = build
      .selectFrom('tasks')
      .select('seq')
      .where(unleased)
      .where(sql<SqlBool>`${KIND} in (select value from json_each(${slot<string>('kinds')}))`)
      .where(ABLE)
      .where(sql<SqlBool>`id not in (select value from json_each(${slot<string>('except')}))`)
      .limit(slot<number>('limit'));
    return {
      due: free.where('due_at', '<=', slot<number>('now')).orderBy('due_at'),
      /** Written before the clock was set back: their `due_at` means nothing now. */
      fromTheFuture: free.where('due_at', 'is not', null).where('updated_at', '>', slot<number>('absurd')),
      lease: build
        .updateTable('tasks')
        .set({ lease_owner: slot<string>('owner'), lease_until: slot<number>('until') })
        .where('seq', 'in', sql<number>`(select value from json_each(${slot<string>('seqs')}))`)
        .returning(TASK_COLUMNS),
      nextFree: build
        .selectFrom('tasks')
        .select('due_at as at')
        .where('due_at', 'is not', null)
        .where((eb) => eb.or([eb('lease_until', 'is', null), eb('lease_until', '<=', slot<number>('now'))]))
        .where(ABLE)
        .orderBy('due_at')
        .limit(1),
      nextLapse: build
        .selectFrom('tasks')
        .select('lease_until as at')
        .where('due_at', 'is not', null)
        .where('lease_until', '>', slot<number>('now'))
        .where('lease_owner', '!=', slot<string>('owner'))
        .where(ABLE)
        .orderBy('lease_until')
        .limit(1),
    };
  }
}

import Sqlite from 'better-sqlite3';
import {
  type Compilable,
  DummyDriver,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { storeError } from './errors.ts';
import type { Schema } from './schema.ts';

/** How long a call waits for another writer before it fails with `store_busy`, in milliseconds. */
export const BUSY_TIMEOUT_MS = 2_000;
const MAX_STATEMENTS = 256;

/** A place in a prepared query that gets its value with each call. */
class Slot {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** Stands for a value of type T in a query that is prepared once: `where('id', '=', slot<string>('id'))`. */
export function slot<T>(name: string): T {
  return new Slot(name) as T;
}

export interface RunResult {
  readonly changes: number;
  /** The `seq` of the row that an insert wrote. */
  readonly seq: number;
}

export type SlotValues = Readonly<Record<string, unknown>>;

/** A query compiled by Kysely and prepared by SQLite once. */
export class Statement<Row> {
  readonly sql: string;
  readonly #raw: Sqlite.Statement;
  readonly #parameters: readonly unknown[];
  readonly #path: string;

  constructor(raw: Sqlite.Statement, sql: string, parameters: readonly unknown[], path: string) {
    this.#raw = raw;
    this.sql = sql;
    this.#parameters = parameters;
    this.#path = path;
  }

  first(values: SlotValues = {}): Row | undefined {
    return this.#guard(() => this.#raw.get(...this.#bind(values)) as Row | undefined);
  }

  all(values: SlotValues = {}): Row[] {
    return this.#guard(() => this.#raw.all(...this.#bind(values)) as Row[]);
  }

  run(values: SlotValues = {}): RunResult {
    return this.#guard(() => {
      const result = this.#raw.run(...this.#bind(values));
      return { changes: result.changes, seq: Number(result.lastInsertRowid) };
    });
  }

  #bind(values: SlotValues): unknown[] {
    return this.#parameters.map((parameter) => (parameter instanceof Slot ? (values[parameter.name] ?? null) : parameter));
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw storeError(error, this.#path);
    }
  }
}

/**
 * One SQLite file. Everything is synchronous on purpose: a transaction cannot be interleaved by an `await`, and a
 * query by key costs less than a turn of the event loop.
 */
export class Database {
  readonly path: string;
  /** Builds typed queries; they are run by `first`, `all`, `run`, never by `execute`. */
  readonly build: Kysely<Schema>;
  readonly #raw: Sqlite.Database;
  readonly #statements = new Map<string, Sqlite.Statement>();

  /** Throws `store_unavailable` when the file cannot be used, `store_busy` when another program holds it. */
  constructor(path: string) {
    this.path = path;
    this.build = new Kysely<Schema>({
      dialect: {
        createAdapter: () => new SqliteAdapter(),
        createDriver: () => new DummyDriver(),
        createIntrospector: (db) => new SqliteIntrospector(db),
        createQueryCompiler: () => new SqliteQueryCompiler(),
      },
    });
    let raw: Sqlite.Database | undefined;
    try {
      raw = new Sqlite(path, { timeout: BUSY_TIMEOUT_MS });
      switchToWal(raw);
      // FULL: a commit is on the disk before the paid create that it announces leaves.
      raw.pragma('synchronous = FULL');
      raw.pragma('foreign_keys = ON');
    } catch (error) {
      raw?.close();
      throw storeError(error, path);
    }
    this.#raw = raw;
  }

  first<Row>(query: Compilable<Row>): Row | undefined {
    return this.prepare(query).first();
  }

  all<Row>(query: Compilable<Row>): Row[] {
    return this.prepare(query).all();
  }

  run(query: Compilable<unknown>): RunResult {
    return this.prepare(query).run();
  }

  /** For hot paths: compile once, call often with the values of its slots. */
  prepare<Row>(query: Compilable<Row>): Statement<Row> {
    const { sql, parameters } = query.compile();
    return new Statement<Row>(this.#cached(sql), sql, parameters, this.path);
  }

  /** Plain SQL, for migrations and pragmas. */
  exec(sql: string): void {
    try {
      this.#raw.exec(sql);
    } catch (error) {
      throw storeError(error, this.path);
    }
  }

  /** The lines of `EXPLAIN QUERY PLAN`. */
  explain(query: Compilable<unknown>): string[] {
    const { sql, parameters } = query.compile();
    const rows = this.#raw.prepare(`explain query plan ${sql}`).all(...parameters.map((value) => (value instanceof Slot ? null : value)));
    return (rows as { detail: string }[]).map((row) => row.detail);
  }

  /** BEGIN IMMEDIATE: the write lock is taken first, so what `work` reads still holds when it writes. Nests. */
  transaction<T>(work: () => T extends Promise<unknown> ? never : T): T {
    try {
      return this.#raw.transaction(work).immediate() as T;
    } catch (error) {
      throw storeError(error, this.path);
    }
  }

  close(): void {
    this.#statements.clear();
    this.#raw.close();
  }

  #cached(sql: string): Sqlite.Statement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    let statement: Sqlite.Statement;
    try {
      statement = this.#raw.prepare(sql);
    } catch (error) {
      throw storeError(error, this.path);
    }
    const oldest = this.#statements.size >= MAX_STATEMENTS ? this.#statements.keys().next().value : undefined;
    if (oldest !== undefined) this.#statements.delete(oldest);
    this.#statements.set(sql, statement);
    return statement;
  }
}

/** SQLite does not wait for the lock that the first switch to WAL needs, so two processes starting at once collide. */
function switchToWal(raw: Sqlite.Database): void {
  const deadline = performance.now() + BUSY_TIMEOUT_MS;
  for (;;) {
    try {
      raw.pragma('journal_mode = WAL');
      return;
    } catch (error) {
      const busy = String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY');
      if (!busy || performance.now() > deadline) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
}

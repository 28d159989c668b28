import Sqlite from 'better-sqlite3';
import { type Compilable, DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';
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

interface Prepared {
  readonly raw: Sqlite.Statement;
  readonly parameters: readonly unknown[];
}

/** A query that Kysely compiles and SQLite prepares when it is first used, and never again. */
export class Statement<Row> {
  readonly #prepare: () => Prepared;
  readonly #path: string;
  #prepared: Prepared | undefined;

  constructor(prepare: () => Prepared, path: string) {
    this.#prepare = prepare;
    this.#path = path;
  }

  first(values: SlotValues = {}): Row | undefined {
    return this.#call(values, (raw, bound) => raw.get(...bound) as Row | undefined);
  }

  all(values: SlotValues = {}): Row[] {
    return this.#call(values, (raw, bound) => raw.all(...bound) as Row[]);
  }

  run(values: SlotValues = {}): RunResult {
    return this.#call(values, (raw, bound) => {
      const result = raw.run(...bound);
      return { changes: result.changes, seq: Number(result.lastInsertRowid) };
    });
  }

  #call<T>(values: SlotValues, work: (raw: Sqlite.Statement, bound: readonly unknown[]) => T): T {
    try {
      this.#prepared ??= this.#prepare();
      const { raw, parameters } = this.#prepared;
      const bound = parameters.map((value) => (value instanceof Slot ? (values[value.name] ?? null) : value));
      return work(raw, bound);
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
  readonly #versions = new Map<string, Sqlite.Statement>();
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

  /** For hot paths: compiled once, called often with the values of its slots. */
  prepare<Row>(query: Compilable<Row>): Statement<Row> {
    return new Statement<Row>(() => {
      const { sql, parameters } = query.compile();
      return { raw: this.#cached(sql), parameters };
    }, this.path);
  }

  /** Plain SQL, for migrations and pragmas. */
  exec(sql: string): void {
    try {
      this.#raw.exec(sql);
    } catch (error) {
      throw storeError(error, this.path);
    }
  }

  /** How SQLite runs each statement that was prepared so far: the lines of EXPLAIN QUERY PLAN by their SQL. */
  plans(): ReadonlyMap<string, readonly string[]> {
    const plans = new Map<string, readonly string[]>();
    for (const sql of this.#statements.keys()) {
      const explained = this.#raw.prepare(`explain query plan ${sql}`);
      const blanks = Array.from(sql.matchAll(/\?/g), () => null);
      plans.set(
        sql,
        (explained.all(...blanks) as { detail: string }[]).map((row) => row.detail),
      );
    }
    return plans;
  }

  /** BEGIN IMMEDIATE: the write lock is taken first, so what `work` reads still holds when it writes. Nests. */
  transaction<T>(work: () => T extends Promise<unknown> ? never : T): T {
    try {
      return this.#raw.transaction(work).immediate() as T;
    } catch (error) {
      throw storeError(error, this.path);
    }
  }

  /**
   * For writes that mean nothing after a power cut, such as leases: their commit does not wait for the disk.
   * A killed process loses nothing either way.
   */
  relaxed<T>(work: () => T): T {
    if (this.#raw.inTransaction) return work();
    this.exec('pragma synchronous = normal');
    try {
      return work();
    } finally {
      this.exec('pragma synchronous = full');
    }
  }

  /** Another number whenever another connection, of this process or another, has written. */
  foreignVersion(): number {
    return this.#version('pragma data_version');
  }

  /** Another number whenever this connection has written. */
  ownVersion(): number {
    return this.#version('select total_changes()');
  }

  #version(sql: string): number {
    try {
      const known = this.#versions.get(sql) ?? this.#raw.prepare(sql).pluck();
      this.#versions.set(sql, known);
      return Number(known.get());
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
    const statement = this.#raw.prepare(sql);
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

import { sql } from 'kysely';
import type { Database, Statement } from './database.ts';

/** A step writes so many pages of about 1,000 bytes: some milliseconds. */
const PAGES = 64;

/** The parts that the search index is written in. Each search looks into all of them. */
export class SearchIndex {
  readonly #database: Database;
  readonly #parts: Statement<{ count: number }>;
  readonly #written: Statement<{ count: number }>;

  constructor(database: Database) {
    this.#database = database;
    const { build } = database;
    const tables = build.withTables<{ characters_search_idx: { segid: number } }>();
    const parts = tables.selectFrom('characters_search_idx');
    this.#parts = database.prepare(parts.select(({ fn }) => fn.count<number>('segid').distinct().as('count')));
    this.#written = database.prepare(build.selectNoFrom(sql<number>`total_changes()`.as('count')));
  }

  parts(): number {
    return this.#parts.first()?.count ?? 0;
  }

  /** A step towards one part. True while there is more to do; `anew`: with the parts that came meanwhile. */
  merge(anew: boolean): boolean {
    const before = this.#written.first()?.count ?? 0;
    const pages = anew ? -PAGES : PAGES;
    this.#database.exec(`insert into characters_search (characters_search, rank) values ('merge', ${pages})`);
    // The command itself counts as one.
    return (this.#written.first()?.count ?? 0) - before >= 2;
  }
}

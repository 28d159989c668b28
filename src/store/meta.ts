import type { Database } from './database.ts';

/** Small facts about the installation. Never a secret, and nothing that a secret could be derived from. */
export class MetaRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  get(key: string): string | undefined {
    return this.#database.first(this.#database.build.selectFrom('meta').select('value').where('key', '=', key))?.value;
  }

  set(key: string, value: string): void {
    const insert = this.#database.build.insertInto('meta').values({ key, value });
    this.#database.run(insert.onConflict((conflict) => conflict.column('key').doUpdateSet({ value })));
  }

  delete(key: string): void {
    this.#database.run(this.#database.build.deleteFrom('meta').where('key', '=', key));
  }
}

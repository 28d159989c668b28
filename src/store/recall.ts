import type { Database } from './database.ts';

const MOST = 200;

/**
 * What was read, for as long as nothing in the file changes, by this process or another: an agent asks for the same task
 * or page again and again. What it gives is shared and must not be changed; not for use inside a transaction, which may
 * yet be rolled back.
 */
export class Recall {
  readonly #database: Database;
  readonly #kept = new Map<string, unknown>();
  #version = '';

  constructor(database: Database) {
    this.#database = database;
  }

  /** `key`: everything that the reading depends on. What `read` throws is not kept. */
  get<T>(key: string, read: () => T): T {
    const version = `${this.#database.foreignVersion()}.${this.#database.ownVersion()}`;
    if (version !== this.#version || this.#kept.size >= MOST) this.#kept.clear();
    this.#version = version;
    if (this.#kept.has(key)) return this.#kept.get(key) as T;
    const value = read();
    this.#kept.set(key, value);
    return value;
  }
}

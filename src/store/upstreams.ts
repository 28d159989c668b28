import { type Database, type Statement, slot } from './database.ts';

/**
 * What a data directory calls its upstreams. Names that come from the environment are the same for every upstream
 * (`forwarding`), and what one has made is unknown to any other.
 */
export class UpstreamRepository {
  readonly #database: Database;
  readonly #known: Statement<{ id: string }>;

  constructor(database: Database) {
    this.#database = database;
    const { build } = database;
    const named = build.selectFrom('upstreams').select('id').where('name', '=', slot<string>('name'));
    this.#known = database.prepare(named.where('host', '=', slot<string>('host')));
  }

  /** The id of the upstream at a host: its name for the first that had it, `name.2` for the second. */
  idOf(name: string, host: string): string {
    return this.find(name, host) ?? this.#database.transaction(() => this.#enter(name, host));
  }

  /** The same; undefined where it is not known yet. */
  find(name: string, host: string): string | undefined {
    return this.#known.first({ name, host })?.id;
  }

  #enter(name: string, host: string): string {
    const known = this.find(name, host);
    if (known !== undefined) return known;
    const { build } = this.#database;
    const before = this.#database.all(build.selectFrom('upstreams').select('id').where('name', '=', name)).length;
    const id = before === 0 ? name : `${name}.${before + 1}`;
    this.#database.run(build.insertInto('upstreams').values({ id, name, host }));
    return id;
  }
}

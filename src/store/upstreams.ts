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
    this.#known = database.prepare(named.where('origin', '=', slot<string>('origin')));
  }

  /** The id of the upstream at an origin: its name for the first that had it, `name.2` for the second. */
  idOf(name: string, origin: string): string {
    return this.#known.first({ name, origin })?.id ?? this.#database.transaction(() => this.#enter(name, origin));
  }

  #enter(name: string, origin: string): string {
    const known = this.#known.first({ name, origin })?.id;
    if (known !== undefined) return known;
    const { build } = this.#database;
    const before = this.#database.all(build.selectFrom('upstreams').select('id').where('name', '=', name)).length;
    const id = before === 0 ? name : `${name}.${before + 1}`;
    this.#database.run(build.insertInto('upstreams').values({ id, name, origin }));
    return id;
  }
}

import { type Expression, type SqlBool, sql } from 'kysely';
import { type Database, type Statement, slot } from './database.ts';
import type { StoredCharacterRow } from './schema.ts';
import { allOf, type SearchTerms, searchTerms, workspaceSign } from './search-text.ts';

/** Where a page of characters starts and what it is narrowed to. */
export interface CharacterSlice {
  readonly workspace: string;
  readonly backend?: string | undefined;
  /** Only characters older than this `seq`. */
  readonly before: number;
  readonly limit: number;
}

/** So few characters of a backend are read one by one; of more the search index knows sooner which ones match. */
const FEW = 200;

/** A partial index is used only where the state stands in the SQL itself, not as a parameter. */
const USABLE = sql<SqlBool>`bindings.state != 'failed'`;

/** Characters newest first. */
export class CharacterPages {
  readonly #database: Database;
  readonly #newest: Statement<StoredCharacterRow>;
  readonly #bound: Statement<StoredCharacterRow>;
  readonly #beyondFew: Statement<{ character_seq: number }>;
  readonly #neighbours: Statement<{ count: number }>;

  constructor(database: Database) {
    this.#database = database;
    const workspace = slot<string>('workspace');
    this.#newest = database.prepare(
      database.build
        .selectFrom('characters')
        .selectAll()
        .where('workspace', '=', workspace)
        .where('seq', '<', slot<number>('before'))
        .orderBy('seq', 'desc')
        .limit(slot<number>('limit')),
    );
    this.#bound = database.prepare(bound(database, workspace, slot('backend'), slot('before'), slot('limit')));
    this.#beyondFew = database.prepare(
      database.build
        .selectFrom('bindings')
        .select('character_seq')
        .where('workspace', '=', workspace)
        .where('backend', '=', slot<string>('backend'))
        .where(USABLE)
        .orderBy('character_seq')
        .limit(1)
        .offset(FEW),
    );
    this.#neighbours = database.prepare(
      database.build
        .selectFrom('counts')
        .select('count')
        .where('name', '=', 'characters')
        .where('workspace', '!=', workspace)
        .where('count', '>', 0)
        .limit(1),
    );
  }

  /** Without a query all of them; else those whose handle, name or description contains every word of it. */
  rows(slice: CharacterSlice, query: string): StoredCharacterRow[] {
    const { workspace, backend, before, limit } = slice;
    if (query === '') return (backend === undefined ? this.#newest : this.#bound).all({ ...slice });
    const terms = searchTerms(query);
    if (terms === undefined) return [];
    if (backend !== undefined && this.#beyondFew.first({ workspace, backend }) === undefined) {
      const each = bound(this.#database, workspace, backend, before, limit);
      return this.#database.all(each.where(containsAll('characters.search_text', terms.contains)));
    }
    const crowded = this.#neighbours.first({ workspace }) !== undefined;
    return this.#database.all(matching(this.#database, terms, slice, crowded));
  }
}

/** Those with a binding on a backend that did not fail, walked along the bindings. */
function bound({ build }: Database, workspace: string, backend: string, before: number, limit: number) {
  return build
    .selectFrom('bindings')
    .innerJoin('characters', 'characters.seq', 'bindings.character_seq')
    .selectAll('characters')
    .where('bindings.workspace', '=', workspace)
    .where('bindings.backend', '=', backend)
    .where('bindings.character_seq', '<', before)
    .where(USABLE)
    .orderBy('bindings.character_seq', 'desc')
    .limit(limit);
}

/** `crowded`: the file has other workspaces' characters too. */
function matching({ build }: Database, terms: SearchTerms, slice: CharacterSlice, crowded: boolean) {
  const { workspace, backend, before, limit } = slice;
  const match = crowded ? `${allOf([workspaceSign(workspace)])} AND ${terms.match}` : terms.match;
  const query = build
    .selectFrom('characters_search')
    // The index decides the order, so it must be the outer loop.
    .crossJoin('characters')
    .selectAll('characters')
    .where(sql<SqlBool>`characters_search match ${match}`)
    .where('characters_search.rowid', '>', -before)
    .where(sql<SqlBool>`characters.seq = -characters_search.rowid`)
    .where('characters.workspace', '=', workspace)
    .where(containsAll('characters.search_text', terms.contains))
    .orderBy('characters_search.rowid')
    .limit(limit);
  if (backend === undefined) return query;
  return query.where(({ exists, selectFrom }) =>
    exists(
      selectFrom('bindings')
        .select('bindings.id')
        .where('bindings.workspace', '=', workspace)
        .where('bindings.backend', '=', backend)
        // By the search's own number: who is not bound is then passed over before the character is read.
        .where(sql<SqlBool>`bindings.character_seq = -characters_search.rowid`)
        .where(USABLE),
    ),
  );
}

/** The pieces of a word that the search index found may be strewn. */
export function containsAll(column: string, words: readonly string[]): Expression<SqlBool> {
  const tests = words.map((word) => sql<SqlBool>`instr(${sql.ref(column)}, ${word}) > 0`);
  return sql<SqlBool>`(${sql.join(tests, sql` and `)})`;
}

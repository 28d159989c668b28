import { type Expression, type SqlBool, sql } from 'kysely';
import { type Database, slot } from './database.ts';
import { allOf, type SearchTerms, workspaceSign } from './search-text.ts';

/** Where a page of characters starts and what it is narrowed to. */
export interface CharacterSlice {
  readonly workspace: string;
  readonly backend?: string | undefined;
  /** Only characters older than this `seq`. */
  readonly before: number;
  readonly limit: number;
}

/** All of them, newest first. */
export function newestCharacters(database: Database) {
  return database.prepare(
    database.build
      .selectFrom('characters')
      .selectAll()
      .where('workspace', '=', slot<string>('workspace'))
      .where('seq', '<', slot<number>('before'))
      .orderBy('seq', 'desc')
      .limit(slot<number>('limit')),
  );
}

/** Those with a binding on a backend, walked along the bindings. */
export function boundCharacters(database: Database) {
  return database.prepare(
    database.build
      .selectFrom('bindings')
      .innerJoin('characters', 'characters.seq', 'bindings.character_seq')
      .selectAll('characters')
      .where('bindings.workspace', '=', slot<string>('workspace'))
      .where('bindings.backend', '=', slot<string>('backend'))
      .where('bindings.character_seq', '<', slot<number>('before'))
      .where('bindings.state', '!=', 'failed')
      .orderBy('bindings.character_seq', 'desc')
      .limit(slot<number>('limit')),
  );
}

/** Those whose handle, name or description contains every word. `crowded`: the file has other workspaces' characters too. */
export function matchingCharacters(database: Database, terms: SearchTerms, slice: CharacterSlice, crowded: boolean) {
  const match = crowded ? `${allOf([workspaceSign(slice.workspace)])} AND ${terms.match}` : terms.match;
  let query = database.build
    .selectFrom('characters_search')
    // The index decides the order, so it must be the outer loop.
    .crossJoin('characters')
    .selectAll('characters')
    .where(sql<SqlBool>`characters_search match ${match}`)
    .where('characters_search.rowid', '>', -slice.before)
    .where(sql<SqlBool>`characters.seq = -characters_search.rowid`)
    .where('characters.workspace', '=', slice.workspace);
  for (const word of terms.contains) query = query.where(contains('characters.search_text', word));
  const { backend } = slice;
  if (backend !== undefined) {
    query = query.where(({ exists, selectFrom }) =>
      exists(
        selectFrom('bindings')
          .select('bindings.id')
          .whereRef('bindings.character_seq', '=', 'characters.seq')
          .where('bindings.backend', '=', backend)
          .where('bindings.state', '!=', 'failed'),
      ),
    );
  }
  return query.orderBy('characters_search.rowid').limit(slice.limit);
}

export function contains(column: string, word: string): Expression<SqlBool> {
  return sql<SqlBool>`instr(${sql.ref(column)}, ${word}) > 0`;
}

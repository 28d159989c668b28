import { type SqlBool, sql } from 'kysely';
import { nearest } from '../domain/text.ts';
import { containsAll } from './character-page.ts';
import { type Database, type Statement, slot } from './database.ts';
import { allOf, piecesOf, searchTerms, wordsOf, workspaceSign } from './search-text.ts';

/** Sorts after every letter that a handle can have. */
const AFTER_ALL = '\u{10ffff}';
const NEIGHBOURS = 24;
/** So many characters that have the words somewhere are looked at for handles that contain them. */
const CANDIDATES = 500;

interface HandleRow {
  readonly handle: string;
}

/** Completion and "did you mean": candidates come from indexes, whatever the size of the catalog. */
export class HandleFinder {
  readonly #database: Database;
  readonly #from: Statement<HandleRow>;
  readonly #below: Statement<HandleRow>;

  constructor(database: Database) {
    this.#database = database;
    const inWorkspace = database.build
      .selectFrom('characters')
      .select('handle')
      .where('workspace', '=', slot<string>('workspace'))
      .limit(slot<number>('limit'));
    this.#from = database.prepare<HandleRow>(
      inWorkspace
        .where('handle', '>=', slot<string>('start'))
        .where('handle', '<', slot<string>('end'))
        .orderBy('handle'),
    );
    this.#below = database.prepare<HandleRow>(
      inWorkspace.where('handle', '<', slot<string>('start')).orderBy('handle', 'desc'),
    );
  }

  /**
   * Handles that start with `text`, in alphabetical order, then those that contain it, newest first. Where many have the
   * words in their descriptions only, handles of older ones that contain them are not found.
   */
  like(workspace: string, text: string, limit: number): string[] {
    const start = text.replace(/^@/, '').toLowerCase();
    const found = this.#from.all({ workspace, start, end: start + AFTER_ALL, limit }).map((row) => row.handle);
    const terms = found.length < limit && start !== '' ? searchTerms(start) : undefined;
    if (terms === undefined) return found;
    const candidates = this.#matching(workspace, terms.match, CANDIDATES).as('candidates');
    const query = this.#database.build
      .selectFrom(candidates)
      .select('handle')
      .where(containsAll('handle', wordsOf(start)))
      .limit(limit + found.length);
    const more = this.#database.all(query);
    return [...new Set([...found, ...more.map((row) => row.handle)])].slice(0, limit);
  }

  /** The handles most like a mistyped one, best first. */
  similar(workspace: string, text: string, limit: number): string[] {
    const start = text.replace(/^@/, '').toLowerCase().slice(0, 60);
    const candidates = new Set<string>();
    const add = (rows: readonly HandleRow[]) => {
      for (const row of rows) candidates.add(row.handle);
    };
    add(this.#from.all({ workspace, start, end: AFTER_ALL, limit: NEIGHBOURS }));
    add(this.#below.all({ workspace, start, limit: NEIGHBOURS }));
    // One slip of the finger spoils at most one half of the pieces.
    const pieces = wordsOf(start.replaceAll('_', ' ')).flatMap((word) => piecesOf(word, 3));
    const middle = Math.ceil(pieces.length / 2);
    for (const half of [pieces.slice(0, middle), pieces.slice(middle)]) {
      if (half.length > 0) add(this.#database.all(this.#matching(workspace, allOf(half), NEIGHBOURS)));
    }
    return nearest(start, candidates, limit);
  }

  #matching(workspace: string, match: string, limit: number) {
    return this.#database.build
      .selectFrom('characters_search')
      .crossJoin('characters')
      .select('handle')
      .where(sql<SqlBool>`characters_search match ${`${allOf([workspaceSign(workspace)])} AND ${match}`}`)
      .where(sql<SqlBool>`characters.seq = -characters_search.rowid`)
      .where('characters.workspace', '=', workspace)
      .orderBy('characters_search.rowid')
      .limit(limit);
  }
}

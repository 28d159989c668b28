import { type SqlBool, sql } from 'kysely';
import { type Database, type Statement, slot } from './database.ts';

/** No backend's name for a character is longer. */
const MAX_NAME_LENGTH = 1_000;

/** As the indexes hold it: without the signs of a mention, and A to Z in lower case. */
const called = (column: 'remote_id' | 'mention') => sql<string>`lower(rtrim(ltrim(${sql.ref(column)}, '@{ '), '}'))`;

interface Lookup {
  /** The last name, in the order of the index, that is not behind `text`. */
  readonly last: Statement<{ called: string }>;
  /** The name as another workspace's character has it. */
  readonly others: Statement<{ name: string }>;
}

/** Finds, of what a backend calls its characters, what stands in a text, at a cost that does not grow with the catalog. */
export class CalledNames {
  readonly #lookups: readonly Lookup[];

  constructor(database: Database) {
    this.#lookups = (['remote_id', 'mention'] as const).map((column) => {
      const names = database.build
        .selectFrom('bindings')
        .where('backend', '=', slot<string>('backend'))
        .where(column, 'is not', null)
        .limit(1);
      return {
        last: database.prepare(
          names
            .select(called(column).as('called'))
            .where(sql<SqlBool>`${called(column)} <= ${slot<string>('text')}`)
            .orderBy(called(column), 'desc'),
        ),
        others: database.prepare(
          names
            .select(sql<string>`${sql.ref(column)}`.as('name'))
            .where(sql<SqlBool>`${called(column)} = ${slot<string>('called')}`)
            .where('workspace', '!=', slot<string>('workspace')),
        ),
      };
    });
  }

  /** Those of other workspaces' characters, each with something in the text that begins with it right behind an `@`. */
  othersIn(text: string, backend: string, workspace: string): string[] {
    const found = new Set<string>();
    const behind = behindSigns(text);
    for (const { last, others } of this.#lookups) {
      for (const name of namesBeginning(behind, (upTo) => last.first({ backend, text: upTo })?.called)) {
        const other = others.first({ backend, workspace, called: name });
        if (other !== undefined) found.add(other.name);
      }
    }
    return [...found];
  }
}

/** What stands behind each `@`, as far as a name may go. */
function behindSigns(text: string): Set<string> {
  const found = new Set<string>();
  // As SQLite is told half a letter.
  const formed = text.replace(/\p{Surrogate}/gu, '\ufffd');
  for (const spelling of new Set([asciiLower(formed), formed.toLowerCase()])) {
    for (const { index, 0: signs } of spelling.matchAll(/@[@{\s]*/g)) {
      const start = index + signs.length;
      found.add(whole(spelling.slice(start, start + MAX_NAME_LENGTH)));
    }
  }
  return found;
}

/**
 * The known names that one of the texts begins with. `last`: the last known name up to a text; it is asked no more often
 * in a round than there are names, however many texts lie between two of them.
 */
function namesBeginning(texts: Iterable<string>, last: (upTo: string) => string | undefined): Set<string> {
  const names = new Set<string>();
  const seen = new Set(['']);
  let round = new Set(texts);
  while (round.size > 0) {
    const shorter = new Set<string>();
    let name: string | undefined;
    for (const text of [...round].sort((a, b) => inOrder(b, a))) {
      seen.add(text);
      if (name === undefined || inOrder(text, name) < 0) name = last(text);
      if (!name) break;
      const common = name.slice(0, commonLength(name, text));
      if (common === name) names.add(name);
      // Whatever else the text begins with is shorter than what it has in common with its neighbour in the index.
      shorter.add(whole(common === name ? name.slice(0, -1) : common));
    }
    round = new Set([...shorter].filter((text) => !seen.has(text)));
  }
  return names;
}

/** As SQLite has texts in order: by whole letters, not by halves. */
function inOrder(a: string, b: string): number {
  const at = commonLength(a, b);
  return (a.codePointAt(at) ?? -1) - (b.codePointAt(at) ?? -1);
}

function commonLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a.charCodeAt(length) === b.charCodeAt(length)) length++;
  return length;
}

/** Half a letter cannot be looked up. */
function whole(text: string): string {
  return text.replace(/[\ud800-\udbff]$/, '');
}

function asciiLower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

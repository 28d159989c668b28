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
    for (const spelling of new Set([asciiLower(text), text.toLowerCase()])) {
      for (const { index, 0: signs } of spelling.matchAll(/@[@{\s]*/g)) {
        const start = index + signs.length;
        const behind = whole(spelling.slice(start, start + MAX_NAME_LENGTH));
        for (const { last, others } of this.#lookups) {
          for (const name of prefixesOf(behind, (upTo) => last.first({ backend, text: upTo })?.called)) {
            const other = others.first({ backend, workspace, called: name });
            if (other !== undefined) found.add(other.name);
          }
        }
      }
    }
    return [...found];
  }
}

/** The known names that the text begins with, the longest first. `last`: the last known name up to a text. */
function* prefixesOf(text: string, last: (upTo: string) => string | undefined): Generator<string> {
  let upTo = text;
  while (upTo !== '') {
    const name = last(upTo);
    if (!name) return;
    const common = commonStart(name, upTo);
    if (common === name) yield name;
    // Whatever else the text begins with is shorter than what it has in common with its neighbour in the index.
    upTo = whole(common === name ? name.slice(0, -1) : common);
  }
}

function commonStart(a: string, b: string): string {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return a.slice(0, length);
}

/** Half a letter cannot be looked up. */
function whole(text: string): string {
  return text.replace(/[\ud800-\udbff]$/, '');
}

function asciiLower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

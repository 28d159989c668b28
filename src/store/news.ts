import { type Database, type Statement, slot } from './database.ts';

/** Something that was written. */
export interface NewsItem {
  readonly kind: 'character' | 'task' | 'storyboard';
  readonly workspace: string;
  /** The handle of a character, the id of anything else. */
  readonly name: string;
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

type Row = Omit<NewsItem, 'kind'>;

/** One look tells of so many of a kind; who is told of more has too much to read anyway. */
const MOST = 200;

/** What other processes write into the same file. */
export class News {
  readonly #database: Database;
  readonly #statements: readonly (readonly [NewsItem['kind'], Statement<Row>])[];

  constructor(database: Database) {
    this.#database = database;
    const { build } = database;
    const since = slot<number>('since');
    const characters = build
      .selectFrom('characters')
      .select(['workspace', 'handle as name', 'created_at as createdAt', 'updated_at as updatedAt'])
      .where('updated_at', '>=', since);
    const bound = build
      .selectFrom('bindings')
      .innerJoin('characters', 'characters.seq', 'bindings.character_seq')
      .select([
        'characters.workspace as workspace',
        'characters.handle as name',
        'characters.created_at as createdAt',
        'bindings.updated_at as updatedAt',
      ])
      .where('bindings.updated_at', '>=', since);
    const columns = ['workspace', 'id as name', 'created_at as createdAt', 'updated_at as updatedAt'] as const;
    const tasks = build.selectFrom('tasks').select(columns).where('updated_at', '>=', since);
    const boards = build.selectFrom('storyboards').select(columns).where('updated_at', '>=', since);
    this.#statements = [
      ['character', database.prepare(characters.orderBy('updated_at', 'desc').limit(MOST))],
      ['character', database.prepare(bound.orderBy('bindings.updated_at', 'desc').limit(MOST))],
      ['task', database.prepare(tasks.orderBy('updated_at', 'desc').limit(MOST))],
      ['storyboard', database.prepare(boards.orderBy('updated_at', 'desc').limit(MOST))],
    ];
  }

  /** Another number whenever somebody else has written. */
  version(): number {
    return this.#database.foreignVersion();
  }

  /** Everything that was written at that time (unix milliseconds) or later, by whomever. */
  since(since: number): NewsItem[] {
    return this.#statements.flatMap(([kind, statement]) => statement.all({ since }).map((row) => ({ kind, ...row })));
  }
}

import { SoraError } from '../domain/errors.ts';
import type { Database } from './database.ts';
import { CATALOG } from './steps/catalog.ts';
import { CHARACTER_TASKS } from './steps/character-tasks.ts';
import { INTENTS } from './steps/intents.ts';
import { LEDGER } from './steps/ledger.ts';
import { LOOKUPS } from './steps/lookups.ts';
import { MENTIONS } from './steps/mentions.ts';
import { NEWS } from './steps/news.ts';
import { OBSERVATIONS } from './steps/observations.ts';
import { POLL_ADVICE } from './steps/poll-advice.ts';
import { REFUNDS } from './steps/refunds.ts';
import { STORYBOARD_REQUESTS } from './steps/storyboard-requests.ts';
import { STORYBOARDS } from './steps/storyboards.ts';
import { TASKS } from './steps/tasks.ts';
import { UNCOUNTED } from './steps/uncounted.ts';
import { UPSTREAMS } from './steps/upstreams.ts';

/** A change of the tables. A released step is never edited: a new one follows it. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

export const MIGRATIONS: readonly Migration[] = [
  { name: '001-catalog', sql: CATALOG },
  { name: '002-tasks', sql: TASKS },
  { name: '003-ledger', sql: LEDGER },
  { name: '004-storyboards', sql: STORYBOARDS },
  { name: '005-observations', sql: OBSERVATIONS },
  { name: '006-storyboard-requests', sql: STORYBOARD_REQUESTS },
  { name: '007-uncounted', sql: UNCOUNTED },
  { name: '008-poll-advice', sql: POLL_ADVICE },
  { name: '009-news', sql: NEWS },
  { name: '010-refunds', sql: REFUNDS },
  { name: '011-mentions', sql: MENTIONS },
  { name: '012-character-tasks', sql: CHARACTER_TASKS },
  { name: '013-lookups', sql: LOOKUPS },
  { name: '014-upstreams', sql: UPSTREAMS },
  { name: '015-intents', sql: INTENTS },
];

const TABLE =
  'create table if not exists migrations (name text primary key, applied_at integer not null) without rowid';

/**
 * Brings the file up to date in one transaction; safe when several processes start at once.
 * Throws `store_unavailable` when a newer version has been at it.
 */
export function migrate(database: Database, now: number, steps: readonly Migration[] = MIGRATIONS): void {
  if (hasTable(database) && missing(database, steps).length === 0) return;
  database.transaction(() => {
    database.exec(TABLE);
    for (const step of missing(database, steps)) {
      database.exec(step.sql);
      database.run(database.build.insertInto('migrations').values({ name: step.name, applied_at: now }));
    }
  });
}

function hasTable(database: Database): boolean {
  const tables = database.build.withTables<{ sqlite_schema: { type: string; name: string } }>();
  const query = tables.selectFrom('sqlite_schema').select('name').where('type', '=', 'table');
  return database.first(query.where('name', '=', 'migrations')) !== undefined;
}

function missing(database: Database, steps: readonly Migration[]): readonly Migration[] {
  const applied = new Set(database.all(database.build.selectFrom('migrations').select('name')).map((row) => row.name));
  const known = new Set(steps.map((step) => step.name));
  const newer = [...applied].filter((name) => !known.has(name));
  if (newer.length > 0) {
    throw new SoraError({
      code: 'store_unavailable',
      message: `${database.path} was written by a newer version of sora-mcp (it has ${newer.join(', ')})`,
      hint: 'Update sora-mcp, or point SORA_DATA_DIR at another folder.',
    });
  }
  return steps.filter((step) => !applied.has(step.name));
}

import { sql } from 'kysely';
import { type Database, slot } from './database.ts';
import type { HoldRow, LedgerRow } from './schema.ts';

export interface SpendTotals {
  readonly day: number;
  readonly month: number;
  readonly reserved: number;
}

const HOLD_COLUMNS = [
  'ref',
  'workspace',
  'backend',
  'project',
  'what',
  'amount',
  'source',
  'created_at',
] as const satisfies readonly (keyof HoldRow)[];

/** An object of slots that are named like the columns. */
function slots<Row>(columns: readonly (keyof Row & string)[]): Row {
  return Object.fromEntries(columns.map((column) => [column, slot<unknown>(column)])) as Row;
}

export function ledgerQueries({ build }: Database) {
  const workspace = slot<string>('workspace');
  const settled = build
    .selectFrom('spending')
    .select(sql<number>`coalesce(sum(amount), 0)`.as('total'))
    .where('workspace', '=', workspace);
  const held = build
    .selectFrom('holds')
    .select(sql<number>`coalesce(sum(amount), 0)`.as('total'))
    .where('workspace', '=', workspace);
  const before = slot<number>('before');
  const lostTask = build
    .selectFrom('tasks')
    .select('id')
    .whereRef('id', '=', sql.ref('holds.ref'))
    .where('state', '=', 'unknown')
    .where(sql<number>`coalesce(submitted_at, tasks.created_at)`, '<', before);
  const unsettledBinding = build
    .selectFrom('bindings')
    .select('id')
    .whereRef('id', '=', sql.ref('holds.ref'))
    .where('state', 'in', ['submitting', 'unknown'])
    .where('bindings.created_at', '<', before);
  return {
    totals: build
      .selectNoFrom([
        settled.where('day', '=', slot<string>('today')).as('day'),
        settled.where('day', '>=', slot<string>('first')).where('day', '<=', slot<string>('last')).as('month'),
        held.as('reserved'),
      ])
      .$castTo<SpendTotals>(),
    hold: build.selectFrom('holds').selectAll().where('ref', '=', slot<string>('ref')),
    insertHold: build.insertInto('holds').values(slots<HoldRow>(HOLD_COLUMNS)),
    deleteHold: build.deleteFrom('holds').where('ref', '=', slot<string>('ref')),
    append: build.insertInto('ledger').values(slots<Omit<LedgerRow, 'seq'>>([...HOLD_COLUMNS, 'kind', 'day'])),
    rows: build
      .selectFrom('spending')
      .select(['day', 'backend', 'project', 'videos', 'amount as spent'])
      .where('workspace', '=', workspace)
      .where('day', '>=', slot<string>('sinceDay'))
      .orderBy('day', 'desc')
      .orderBy('backend')
      .orderBy('project'),
    lost: build
      .selectFrom('holds')
      .select('ref')
      .where('created_at', '<', before)
      .where((eb) => eb.or([eb.exists(lostTask), eb.exists(unsettledBinding)])),
    entries: build
      .selectFrom('ledger')
      .selectAll()
      .where('ref', '=', slot<string>('ref'))
      .orderBy('seq')
      .$castTo<LedgerRowRead>(),
  };
}

/** A row as it is read. */
export type LedgerRowRead = Omit<LedgerRow, 'seq'> & { readonly seq: number };

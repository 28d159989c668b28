import { join } from 'node:path';
import { microUsd } from '../../src/domain/money.ts';
import type { Task } from '../../src/domain/task.ts';
import { Database, slot } from '../../src/store/database.ts';
import { openDataDir } from '../../src/store/files.ts';
import { migrate } from '../../src/store/migrations.ts';
import { searchText } from '../../src/store/search-text.ts';
import { DATABASE_FILE } from '../../src/store/store.ts';
import { columnsOf } from '../../src/store/task-row.ts';

const FIRST =
  'coffee quiet brave tiny silver old wild paper midnight lucky gentle hollow crimson amber rusty velvet'.split(' ');
const SECOND =
  'girl boy dragon robot baker sailor fox witch knight painter pilot gardener detective dancer cat captain'.split(' ');
const LOOKS = [
  'wears a red scarf',
  'never smiles in the rain',
  'carries a brass lantern',
  'always on a bicycle',
  'with a blue umbrella',
  'has freckles and big boots',
];

export interface SeedCounts {
  readonly characters?: number;
  /** Finished tasks. */
  readonly tasks?: number;
  readonly workspace?: string;
  /** Of the first row; each next one is a second younger. */
  readonly startMs?: number;
}

/** Fills a data directory without the cost of a transaction a row: 1,000,000 of each in 35 to 60 s (1.3 GB). */
export function seedStore(dataDir: string, counts: SeedCounts): void {
  openDataDir(dataDir);
  const database = new Database(join(dataDir, DATABASE_FILE));
  try {
    migrate(database, Date.now());
    database.exec('pragma synchronous = off; pragma cache_size = -200000');
    const triggers = database.all(
      database.build
        .withTables<{ sqlite_schema: { type: string; name: string; tbl_name: string; sql: string } }>()
        .selectFrom('sqlite_schema')
        .select(['name', 'sql'])
        .where('type', '=', 'trigger')
        .where('tbl_name', 'in', ['characters', 'tasks']),
    );
    database.transaction(() => {
      for (const { name } of triggers) database.exec(`drop trigger ${name}`);
      seedCharacters(database, counts);
      seedTasks(database, counts);
      for (const { sql } of triggers) database.exec(sql);
      recount(database);
    });
    database.exec('pragma wal_checkpoint(truncate)');
  } finally {
    database.close();
  }
}

/** What the n-th seeded character is called. */
export function seededName(n: number): string {
  return `${FIRST[n % 16]} ${SECOND[Math.floor(n / 16) % 16]} ${n}`;
}

function seedCharacters(
  database: Database,
  { characters = 0, workspace = 'local', startMs = 1_780_000_000_000 }: SeedCounts,
) {
  if (characters === 0) return;
  const columns = ['id', 'handle', 'name', 'description', 'search_text', 'created_at'] as const;
  const slots = Object.fromEntries(columns.map((column) => [column, slot<never>(column)]));
  const insert = database.prepare(
    database.build.insertInto('characters').values({
      ...(slots as Record<(typeof columns)[number], never>),
      workspace,
      source_json: JSON.stringify({ kind: 'video_url', url: 'https://example.com/clip.mp4' }),
      updated_at: slot<number>('created_at'),
    }),
  );
  const bind = database.prepare(
    database.build.insertInto('bindings').values({
      id: slot<string>('binding'),
      character_seq: slot<number>('seq'),
      workspace,
      backend: 'reverse',
      route: 'reverse',
      state: 'ready',
      remote_id: slot<string>('remote'),
      mention: slot<string>('mention'),
      created_at: slot<number>('created_at'),
      updated_at: slot<number>('created_at'),
    }),
  );
  for (let n = 0; n < characters; n++) {
    const name = seededName(n);
    const description = LOOKS[n % LOOKS.length]!;
    const created_at = startMs + n * 1_000;
    const { seq } = insert.run({
      id: `chr_${workspace}${String(n).padStart(12, '0')}`,
      handle: name.replaceAll(' ', '_'),
      name,
      description,
      search_text: searchText(workspace, name, description),
      created_at,
    });
    if (n % 10 === 0)
      bind.run({ binding: `bnd_${workspace}${n}`, seq, remote: `char_${n}`, mention: `@char_${n}`, created_at });
  }
  database.exec(`insert into characters_search (characters_search) values ('rebuild')`);
}

function seedTasks(
  database: Database,
  { tasks = 0, workspace = 'local', startMs = 1_780_000_000_000 }: SeedCounts,
): void {
  if (tasks === 0) return;
  const template = columnsOf(finishedTask(0, workspace, startMs));
  const slots = Object.fromEntries(Object.keys(template).map((column) => [column, slot<never>(column)]));
  const insert = database.prepare(database.build.insertInto('tasks').values(slots as never));
  for (let n = 0; n < tasks; n++) insert.run(columnsOf(finishedTask(n, workspace, startMs + n * 1_000)));
}

/** The n-th seeded task. */
export function finishedTask(n: number, workspace: string, createdAt: number): Task {
  const failed = n % 20 === 0;
  return {
    id: `task_${workspace}${String(n).padStart(15, '0')}`,
    workspace,
    kind: 'video',
    state: failed ? 'failed' : 'completed',
    backend: n % 3 === 0 ? 'forwarding' : 'reverse',
    route: n % 3 === 0 ? 'forwarding' : 'reverse',
    model: 'sora-2',
    seconds: 4 + (n % 3) * 4,
    size: '1280x720',
    request: {
      prompt: `@${seededName(n).replaceAll(' ', '_')} walks through the market at dawn, scene ${n}`,
      characterIds: [`chr_${workspace}${String(n).padStart(12, '0')}`],
      priority: 'cost',
    },
    sentPrompt: `@char_${n} walks through the market at dawn, scene ${n}`,
    fingerprint: n.toString(16).padStart(64, '0'),
    idempotencyKey: undefined,
    sendKey: `send_${workspace}${n}`,
    remoteId: `video_${n}`,
    progress: failed ? 40 : 100,
    reasons: ['the cheapest of 2 backends', 'the character is bound there'],
    quoted: microUsd(400_000),
    spent: failed ? undefined : microUsd(400_000),
    charged: failed ? 'no' : 'yes',
    error: failed ? { code: 'job_failed', message: 'the job failed', retryable: true, charged: 'no' } : undefined,
    videoUrl: failed ? undefined : `https://example.com/videos/${n}.mp4`,
    filePath: failed ? undefined : `/data/videos/${n}.mp4`,
    fileBytes: failed ? undefined : 4_000_000,
    saveState: failed ? 'none' : 'saved',
    saveAttempts: 1,
    createdAt,
    submittedAt: createdAt + 200,
    completedAt: createdAt + 90_000,
    updatedAt: createdAt + 91_000,
    heardAt: createdAt + 90_000,
    polls: 9,
    pollFailures: 0,
  };
}

function recount(database: Database): void {
  database.exec(`
    delete from counts;
    insert into counts (name, workspace, count) select 'characters', workspace, count(*) from characters group by workspace;
    insert into counts (name, workspace, count) select 'tasks.' || state, workspace, count(*) from tasks group by state, workspace;
  `);
}

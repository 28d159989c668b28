import { randomBytes } from 'node:crypto';
import { chmodSync, statSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import type { Accent, Job, JobFailure, JobKind, SandboxCharacter } from './job.ts';

const IN_MEMORY = ':memory:';
const SCHEMA = `
create table if not exists meta (name text primary key, value text not null) strict;
create table if not exists jobs (
  seq integer primary key autoincrement, id text not null unique, accent text not null, kind text not null,
  model text not null, prompt text not null, seconds real not null, size text not null, characters text not null,
  parent text, idempotency_key text, created_at integer not null, run_ms integer not null,
  fail_code text, fail_message text, deleted integer not null default 0) strict;
create index if not exists jobs_by_key on jobs (idempotency_key);
create table if not exists characters (
  seq integer primary key autoincrement, id text not null unique, accent text not null, name text not null,
  description text not null, source text not null, username text, idempotency_key text,
  created_at integer not null) strict;
create index if not exists characters_by_key on characters (idempotency_key);
`;

/** What survives the process: jobs, characters, and the secret that signs links. */
export interface State {
  readonly linkSecret: string;
  /** Stores a job, or answers the one with the same `Idempotency-Key`. `failure` is asked whether the prompt is new. */
  addJob(job: NewJob, reuse: boolean, failure: (seenBefore: boolean) => JobFailure | undefined): Job;
  addCharacter(character: SandboxCharacter, reuse: boolean): SandboxCharacter;
  job(id: string): Job | undefined;
  /** Oldest first; deleted ones are left out. */
  jobs(): readonly Job[];
  deleteJob(id: string): void;
  failJob(id: string, failure: JobFailure): void;
  character(id: string): SandboxCharacter | undefined;
  characters(): readonly SandboxCharacter[];
  close(): void;
}

export type NewJob = Omit<Job, 'seq' | 'failure'>;

interface JobRow {
  seq: number;
  id: string;
  accent: Accent;
  kind: JobKind;
  model: string;
  prompt: string;
  seconds: number;
  size: string;
  characters: string;
  parent: string | null;
  idempotency_key: string | null;
  created_at: number;
  run_ms: number;
  fail_code: string | null;
  fail_message: string | null;
}

interface CharacterRow {
  id: string;
  accent: Accent;
  name: string;
  description: string;
  source: string;
  username: string | null;
  idempotency_key: string | null;
  created_at: number;
}

/** Opens the file, or `:memory:`. SQLite is loaded only now, so that a program that needs no sandbox never pays for it. */
export async function openState(path: string): Promise<State> {
  const { default: Sqlite } = await import('better-sqlite3');
  const db = new Sqlite(path, { timeout: 5_000 });
  try {
    if (path !== IN_MEMORY) keepPrivate(path);
    prepare(db);
    return stateOn(db);
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Whatever the umask, prompts are nobody else's business. The files that SQLite puts beside it get the same rights. */
function keepPrivate(path: string): void {
  if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
}

function prepare(db: Database): void {
  try {
    db.pragma('journal_mode = WAL');
  } catch (error) {
    // Another process is switching the same file just now; its switch holds for us too.
    if (!(error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY')) throw error;
  }
  db.pragma('synchronous = NORMAL');
  db.transaction(() => db.exec(SCHEMA)).immediate();
}

function stateOn(db: Database): State {
  db.prepare(`insert or ignore into meta values ('link_secret', ?)`).run(randomBytes(24).toString('hex'));
  const secret = db.prepare<[], { value: string }>(`select value from meta where name = 'link_secret'`).get()!.value;
  const jobById = db.prepare<[string], JobRow>('select * from jobs where id = ? and deleted = 0');
  const allJobs = db.prepare<[], JobRow>('select * from jobs where deleted = 0 order by seq');
  const jobByKey = db.prepare<[string, string], JobRow>('select * from jobs where idempotency_key = ? and accent = ?');
  const jobByPrompt = db.prepare<[string], JobRow>('select * from jobs where prompt = ? limit 1');
  const insertJob = db.prepare(`insert into jobs (id, accent, kind, model, prompt, seconds, size, characters, parent,
    idempotency_key, created_at, run_ms, fail_code, fail_message)
    values (@id, @accent, @kind, @model, @prompt, @seconds, @size, @characters, @parent,
    @idempotencyKey, @createdAt, @runMs, @failCode, @failMessage)`);
  const dropJob = db.prepare<[string]>('update jobs set deleted = 1 where id = ?');
  const markFailed = db.prepare<[string, string, string]>(
    'update jobs set fail_code = ?, fail_message = ? where id = ?',
  );
  const characterById = db.prepare<[string], CharacterRow>('select * from characters where id = ?');
  const allCharacters = db.prepare<[], CharacterRow>('select * from characters order by seq');
  const characterByKey = db.prepare<[string, string], CharacterRow>(
    'select * from characters where idempotency_key = ? and accent = ?',
  );
  const insertCharacter = db.prepare(`insert into characters (id, accent, name, description, source, username,
    idempotency_key, created_at)
    values (@id, @accent, @name, @description, @source, @username, @idempotencyKey, @createdAt)`);

  // Immediate, because the look before the write must see what the other process wrote.
  const addJob = db.transaction(
    (job: NewJob, reuse: boolean, failureFor: (seenBefore: boolean) => JobFailure | undefined): Job => {
      const known = reuse && job.idempotencyKey ? jobByKey.get(job.idempotencyKey, job.accent) : undefined;
      if (known) return jobOf(known);
      const failure = failureFor(jobByPrompt.get(job.prompt) !== undefined);
      insertJob.run({
        ...job,
        characters: JSON.stringify(job.characterIds),
        characterIds: null,
        parent: job.parentId ?? null,
        parentId: null,
        idempotencyKey: job.idempotencyKey ?? null,
        failCode: failure?.code ?? null,
        failMessage: failure?.message ?? null,
      });
      return jobOf(jobById.get(job.id)!);
    },
  );
  const addCharacter = db.transaction((character: SandboxCharacter, reuse: boolean): SandboxCharacter => {
    const key = character.idempotencyKey;
    const known = reuse && key ? characterByKey.get(key, character.accent) : undefined;
    if (known) return characterOf(known);
    insertCharacter.run({ ...character, username: character.username ?? null, idempotencyKey: key ?? null });
    return character;
  });

  return {
    linkSecret: secret,
    addJob: (job, reuse, failure) => addJob.immediate(job, reuse, failure),
    addCharacter: (character, reuse) => addCharacter.immediate(character, reuse),
    job: (id) => mapped(jobById.get(id), jobOf),
    jobs: () => allJobs.all().map(jobOf),
    deleteJob: (id) => void dropJob.run(id),
    failJob: (id, { code, message }) => void markFailed.run(code, message, id),
    character: (id) => mapped(characterById.get(id), characterOf),
    characters: () => allCharacters.all().map(characterOf),
    close: () => db.close(),
  };
}

function mapped<Row, T>(row: Row | undefined, map: (row: Row) => T): T | undefined {
  return row === undefined ? undefined : map(row);
}

function jobOf(row: JobRow): Job {
  return {
    seq: row.seq,
    id: row.id,
    accent: row.accent,
    kind: row.kind,
    model: row.model,
    prompt: row.prompt,
    seconds: row.seconds,
    size: row.size,
    characterIds: JSON.parse(row.characters) as string[],
    parentId: row.parent ?? undefined,
    idempotencyKey: row.idempotency_key ?? undefined,
    createdAt: row.created_at,
    runMs: row.run_ms,
    failure: row.fail_code === null ? undefined : { code: row.fail_code, message: row.fail_message ?? '' },
  };
}

function characterOf(row: CharacterRow): SandboxCharacter {
  return {
    id: row.id,
    accent: row.accent,
    name: row.name,
    description: row.description,
    source: row.source,
    username: row.username ?? undefined,
    idempotencyKey: row.idempotency_key ?? undefined,
    createdAt: row.created_at,
  };
}

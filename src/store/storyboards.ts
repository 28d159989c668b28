import { type Insertable, type Selectable, type SqlBool, sql, type Updateable } from 'kysely';
import type { Clock } from '../domain/ids.ts';
import { type MicroUsd, microUsd } from '../domain/money.ts';
import type { Priority, Size } from '../domain/video.ts';
import { decodeCursor, type Page, pageOf } from './cursor.ts';
import { type Database, type Statement, slot } from './database.ts';
import type { SceneRow, StoryboardRow } from './schema.ts';

/** One look takes so many storyboards in hand. */
const MAX_PENDING = 50;

/** Where the joined film stands. */
export type FilmState = 'none' | 'pending' | 'joined' | 'failed';

export interface StoredScene {
  readonly id: string;
  readonly prompt: string;
  /** Our character ids. */
  readonly characters: readonly string[];
  /** Seconds. */
  readonly duration?: number | undefined;
  readonly size?: Size | undefined;
  /** The task that makes it, or made it last. */
  readonly taskId?: string | undefined;
  /** Of the request that `taskId` was made for: another one means that the scene changed. */
  readonly fingerprint?: string | undefined;
  /** Anything else, as JSON. */
  readonly state?: Readonly<Record<string, unknown>> | undefined;
}

export interface StoredStoryboard {
  readonly id: string;
  readonly workspace: string;
  readonly title: string;
  readonly style?: string | undefined;
  readonly characters: readonly string[];
  readonly priority?: Priority | undefined;
  readonly maxCost?: MicroUsd | undefined;
  readonly partial: boolean;
  readonly filmPath?: string | undefined;
  readonly filmState: FilmState;
  readonly filmError?: string | undefined;
  /** In order. */
  readonly scenes: readonly StoredScene[];
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** A call that was carried out, by its idempotency key. */
export interface StoryboardRequest {
  readonly workspace: string;
  readonly idempotencyKey: string;
  /** Of what was asked for. */
  readonly fingerprint: string;
  readonly storyboardId: string;
}

export type StoryboardPatch = Partial<
  Omit<StoredStoryboard, 'id' | 'workspace' | 'scenes' | 'createdAt' | 'updatedAt'>
>;

export class StoryboardRepository {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #byId: Statement<Selectable<StoryboardRow>>;
  readonly #page: Statement<Selectable<StoryboardRow>>;
  readonly #scenes: Statement<Selectable<SceneRow>>;
  readonly #pending: Statement<Selectable<StoryboardRow>>;
  readonly #ofTask: Statement<{ storyboard_id: string }>;
  readonly #request: Statement<{ fingerprint: string; storyboard_id: string }>;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
    const { build } = database;
    const boards = build.selectFrom('storyboards').selectAll().where('workspace', '=', slot<string>('workspace'));
    this.#byId = database.prepare(boards.where('id', '=', slot<string>('id')));
    this.#page = database.prepare(
      boards.where('seq', '<', slot<number>('before')).orderBy('seq', 'desc').limit(slot<number>('limit')),
    );
    this.#pending = database.prepare(
      build
        .selectFrom('storyboards')
        .selectAll()
        .where(sql<SqlBool>`film_state = 'pending'`)
        .orderBy('updated_at', 'desc')
        .limit(MAX_PENDING),
    );
    const scenes = build.selectFrom('scenes');
    this.#scenes = database.prepare(
      scenes.selectAll().where('storyboard_id', '=', slot<string>('id')).orderBy('position'),
    );
    this.#ofTask = database.prepare(scenes.select('storyboard_id').where('task_id', '=', slot<string>('taskId')));
    this.#request = database.prepare(
      build
        .selectFrom('storyboard_requests')
        .select(['fingerprint', 'storyboard_id'])
        .where('workspace', '=', slot<string>('workspace'))
        .where('idempotency_key', '=', slot<string>('key')),
    );
  }

  insert(board: StoredStoryboard): StoredStoryboard {
    this.#database.transaction(() => {
      const { id, workspace, createdAt, updatedAt } = board;
      const row: Insertable<StoryboardRow> = {
        ...(boardColumns(board) as Insertable<StoryboardRow>),
        id,
        workspace,
        created_at: createdAt,
        updated_at: updatedAt,
      };
      this.#database.run(this.#database.build.insertInto('storyboards').values(row));
      this.#writeScenes(id, board.scenes);
    });
    return board;
  }

  get(workspace: string, id: string): StoredStoryboard | undefined {
    const row = this.#byId.first({ workspace, id });
    return row && this.#read(row);
  }

  /** Newest first. */
  page(query: {
    readonly workspace: string;
    readonly limit: number;
    readonly cursor?: string | undefined;
  }): Page<StoredStoryboard> {
    const { workspace, limit } = query;
    const rows = this.#page.all({ workspace, before: decodeCursor('storyboards', query.cursor), limit: limit + 1 });
    return pageOf('storyboards', rows, limit, (shown) => shown.map((row) => this.#read(row)));
  }

  /** Those whose film is still to be joined, in all workspaces, those that changed last first. */
  pendingFilms(): StoredStoryboard[] {
    return this.#pending.all().map((row) => this.#read(row));
  }

  /** The storyboard one of whose scenes a task makes. */
  idOfTask(taskId: string): string | undefined {
    return this.#ofTask.first({ taskId })?.storyboard_id;
  }

  insertRequest({ workspace, idempotencyKey, fingerprint, storyboardId }: StoryboardRequest): void {
    const row = { workspace, idempotency_key: idempotencyKey, fingerprint, storyboard_id: storyboardId };
    const created = { created_at: this.#clock() };
    this.#database.run(this.#database.build.insertInto('storyboard_requests').values({ ...row, ...created }));
  }

  /** What an idempotency key stands for. */
  request(workspace: string, idempotencyKey: string): StoryboardRequest | undefined {
    const row = this.#request.first({ workspace, key: idempotencyKey });
    return row && { workspace, idempotencyKey, fingerprint: row.fingerprint, storyboardId: row.storyboard_id };
  }

  /** All scenes anew, in this order; ids that stay keep their meaning to the caller. */
  replaceScenes(id: string, scenes: readonly StoredScene[]): void {
    this.#database.transaction(() => {
      this.#database.run(this.#database.build.deleteFrom('scenes').where('storyboard_id', '=', id));
      this.#writeScenes(id, scenes);
      this.#touch(id);
    });
  }

  updateScene(sceneId: string, patch: Partial<Omit<StoredScene, 'id'>>): void {
    const query = this.#database.build.updateTable('scenes').set(sceneColumns(patch)).where('id', '=', sceneId);
    this.#database.transaction(() => {
      const [changed] = this.#database.all(query.returning('storyboard_id'));
      if (changed !== undefined) this.#touch(changed.storyboard_id);
    });
  }

  /** A field that is present and undefined is emptied. */
  updateStoryboard(id: string, patch: StoryboardPatch): void {
    this.#touch(id, boardColumns(patch));
  }

  #touch(id: string, columns: Updateable<StoryboardRow> = {}): void {
    const change = { ...columns, updated_at: this.#clock() };
    this.#database.run(this.#database.build.updateTable('storyboards').set(change).where('id', '=', id));
  }

  #writeScenes(storyboardId: string, scenes: readonly StoredScene[]): void {
    for (const [position, scene] of scenes.entries()) {
      const columns = sceneColumns(scene) as Insertable<SceneRow>;
      const row = { ...columns, id: scene.id, storyboard_id: storyboardId, position };
      this.#database.run(this.#database.build.insertInto('scenes').values(row));
    }
  }

  #read(row: Selectable<StoryboardRow>): StoredStoryboard {
    return {
      id: row.id,
      workspace: row.workspace,
      title: row.title,
      ...(row.style !== null && { style: row.style }),
      characters: JSON.parse(row.characters_json) as string[],
      ...(row.priority !== null && { priority: row.priority }),
      ...(row.max_cost !== null && { maxCost: microUsd(row.max_cost) }),
      partial: row.partial === 1,
      ...(row.film_path !== null && { filmPath: row.film_path }),
      filmState: row.film_state as FilmState,
      ...(row.film_error !== null && { filmError: row.film_error }),
      scenes: this.#scenes.all({ id: row.id }).map(sceneOf),
      createdAt: row.created_at,
      updatedAt: row.updated_at,
    };
  }
}

function sceneOf(row: Selectable<SceneRow>): StoredScene {
  return {
    id: row.id,
    prompt: row.prompt,
    characters: JSON.parse(row.characters_json) as string[],
    ...(row.duration !== null && { duration: row.duration }),
    ...(row.size !== null && { size: row.size as Size }),
    ...(row.task_id !== null && { taskId: row.task_id }),
    ...(row.fingerprint !== null && { fingerprint: row.fingerprint }),
    ...(row.state_json !== null && { state: JSON.parse(row.state_json) as Record<string, unknown> }),
  };
}

function boardColumns(board: StoryboardPatch): Updateable<StoryboardRow> {
  return {
    ...(board.title !== undefined && { title: board.title }),
    ...('style' in board && { style: board.style ?? null }),
    ...(board.characters !== undefined && { characters_json: JSON.stringify(board.characters) }),
    ...('priority' in board && { priority: board.priority ?? null }),
    ...('maxCost' in board && { max_cost: board.maxCost ?? null }),
    ...(board.partial !== undefined && { partial: Number(board.partial) }),
    ...('filmPath' in board && { film_path: board.filmPath ?? null }),
    ...(board.filmState !== undefined && { film_state: board.filmState }),
    ...('filmError' in board && { film_error: board.filmError ?? null }),
  };
}

function sceneColumns(scene: Partial<StoredScene>): Updateable<SceneRow> {
  return {
    ...(scene.prompt !== undefined && { prompt: scene.prompt }),
    ...(scene.characters !== undefined && { characters_json: JSON.stringify(scene.characters) }),
    ...('duration' in scene && { duration: scene.duration ?? null }),
    ...('size' in scene && { size: scene.size ?? null }),
    ...('taskId' in scene && { task_id: scene.taskId ?? null }),
    ...('fingerprint' in scene && { fingerprint: scene.fingerprint ?? null }),
    ...('state' in scene && { state_json: scene.state === undefined ? null : JSON.stringify(scene.state) }),
  };
}

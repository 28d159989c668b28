import { type SqlBool, sql } from 'kysely';
import { type Character, type CharacterSource, handleFromName, MAX_HANDLE_LENGTH } from '../domain/character.ts';
import { SoraError } from '../domain/errors.ts';
import type { Clock } from '../domain/ids.ts';
import { bindingOf } from './binding-row.ts';
import { CharacterPages, type CharacterSlice } from './character-page.ts';
import { decodeCursor, type Page, pageOf } from './cursor.ts';
import { type Database, type Statement, slot } from './database.ts';
import { isUniqueViolation } from './errors.ts';
import { HandleFinder } from './handles.ts';
import { inList } from './lists.ts';
import type { BindingRow, StoredCharacterRow } from './schema.ts';
import { searchText } from './search-text.ts';

export type NewCharacter = Omit<Character, 'bindings'>;
export type CharacterPatch = Partial<Pick<Character, 'handle' | 'name' | 'description' | 'source'>>;

export interface CharacterPageQuery {
  readonly workspace: string;
  /** Every word of it must stand in handle, name or description; one or two letters must start a word. */
  readonly query?: string | undefined;
  /** Only characters with a binding there that did not fail. */
  readonly backend?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** The catalog. Every question is asked in one workspace. */
export class CharacterRepository {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #handles: HandleFinder;
  readonly #pages: CharacterPages;
  readonly #byHandle: Statement<StoredCharacterRow>;
  readonly #byIds: Statement<StoredCharacterRow>;
  readonly #byRemoteId: Statement<StoredCharacterRow>;
  readonly #byMention: Statement<StoredCharacterRow>;
  readonly #bindings: Statement<BindingRow>;
  readonly #count: Statement<{ count: number }>;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
    this.#handles = new HandleFinder(database);
    this.#pages = new CharacterPages(database);
    const workspace = slot<string>('workspace');
    const inWorkspace = database.build
      .selectFrom('characters')
      .selectAll('characters')
      .where('characters.workspace', '=', workspace);
    this.#byHandle = database.prepare(inWorkspace.where('handle', '=', slot<string>('handle')));
    this.#byIds = database.prepare(
      database.build
        .selectFrom('characters')
        .selectAll()
        .where('id', 'in', inList<string>('ids'))
        // The plus keeps SQLite from walking the workspace instead: of a list it does not know how short it is.
        .where(sql<SqlBool>`+workspace = ${workspace}`),
    );
    this.#byRemoteId = database.prepare(
      inWorkspace
        .innerJoin('bindings', 'bindings.character_seq', 'characters.seq')
        .where('bindings.workspace', '=', workspace)
        .where('bindings.remote_id', '=', slot<string>('remoteId'))
        .where('bindings.backend', '=', sql<string>`coalesce(${slot<string | null>('backend')}, bindings.backend)`)
        .orderBy('bindings.character_seq', 'desc')
        .limit(1),
    );
    this.#byMention = database.prepare(
      inWorkspace
        .innerJoin('bindings', 'bindings.character_seq', 'characters.seq')
        .where('bindings.workspace', '=', workspace)
        .where('bindings.mention', '=', slot<string>('mention'))
        .orderBy('bindings.character_seq', 'desc')
        .limit(1),
    );
    this.#bindings = database.prepare<BindingRow>(
      database.build
        .selectFrom('bindings')
        .selectAll()
        .where('character_seq', 'in', inList<number>('characters'))
        .orderBy('created_at')
        .orderBy('id'),
    );
    this.#count = database.prepare(
      database.build
        .selectFrom('counts')
        .select('count')
        .where('name', '=', 'characters')
        .where('workspace', '=', workspace),
    );
  }

  /** Throws `handle_taken` when the workspace has the handle already. */
  insert(character: NewCharacter): Character {
    const { id, workspace, handle, name, description, source, createdAt, updatedAt } = character;
    const values = {
      id,
      workspace,
      handle,
      name,
      description,
      source_json: JSON.stringify(source),
      search_text: searchText(workspace, handle.replaceAll('_', ' '), name, description),
      created_at: createdAt,
      updated_at: updatedAt,
    };
    this.#named(handle, () => this.#database.run(this.#database.build.insertInto('characters').values(values)));
    return { ...character, bindings: [] };
  }

  /** Undefined when there is no such character. Throws `handle_taken`. */
  update(workspace: string, id: string, patch: CharacterPatch): Character | undefined {
    return this.#database.transaction(() => {
      const before = this.byId(workspace, id);
      if (before === undefined) return undefined;
      const { handle, name, description, source } = { ...before, ...patch };
      const query = this.#database.build
        .updateTable('characters')
        .set({
          handle,
          name,
          description,
          source_json: JSON.stringify(source),
          search_text: searchText(workspace, handle.replaceAll('_', ' '), name, description),
          updated_at: this.#clock(),
        })
        .where('id', '=', id);
      this.#named(handle, () => this.#database.run(query));
      return this.byId(workspace, id);
    });
  }

  /** With all its bindings. */
  remove(workspace: string, id: string): void {
    const query = this.#database.build.deleteFrom('characters').where('workspace', '=', workspace).where('id', '=', id);
    this.#database.run(query);
  }

  byId(workspace: string, id: string): Character | undefined {
    return this.byIds(workspace, [id])[0];
  }

  /** In the order of `ids`; unknown ones are left out. */
  byIds(workspace: string, ids: readonly string[]): Character[] {
    const found = this.#read(this.#byIds.all({ workspace, ids: JSON.stringify(ids) }));
    return ids.flatMap((id) => found.find((character) => character.id === id) ?? []);
  }

  byHandle(workspace: string, handle: string): Character | undefined {
    return this.#read(this.#byHandle.all({ workspace, handle }))[0];
  }

  /** Without `backend` the newest character that has the remote id on any. */
  byRemoteId(workspace: string, remoteId: string, backend?: string): Character | undefined {
    return this.#read(this.#byRemoteId.all({ workspace, remoteId, backend }))[0];
  }

  /** The newest that a backend calls so in prompts. */
  byMention(workspace: string, mention: string): Character | undefined {
    return this.#read(this.#byMention.all({ workspace, mention }))[0];
  }

  /** Newest first. Throws `invalid_argument` for a bad cursor. */
  page({ workspace, query, backend, limit, cursor }: CharacterPageQuery): Page<Character> {
    const slice: CharacterSlice = { workspace, backend, limit: limit + 1, before: decodeCursor('characters', cursor) };
    return pageOf('characters', this.#pages.rows(slice, query?.trim() ?? ''), limit, (rows) => this.#read(rows));
  }

  /** For completion: handles that start with `text`, then those that contain it. */
  handlesLike(workspace: string, text: string, limit: number): string[] {
    return this.#handles.like(workspace, text, limit);
  }

  /** For "did you mean": the handles most like `text`, best first. */
  similarHandles(workspace: string, text: string, limit: number): string[] {
    return this.#handles.similar(workspace, text, limit);
  }

  /** `base`, or `base_2` and so on: a handle that nobody has in the workspace. */
  freeHandle(workspace: string, name: string): string {
    const base = handleFromName(name) ?? 'character';
    for (let number = 1; ; number = number < 20 ? number + 1 : number * 2 + Math.floor(Math.random() * number)) {
      const end = number === 1 ? '' : `_${number}`;
      const handle = base.slice(0, MAX_HANDLE_LENGTH - end.length).replace(/_+$/, '') + end;
      if (this.#byHandle.first({ workspace, handle }) === undefined) return handle;
    }
  }

  count(workspace: string): number {
    return this.#count.first({ workspace })?.count ?? 0;
  }

  #read(rows: readonly StoredCharacterRow[]): Character[] {
    if (rows.length === 0) return [];
    const bindings = this.#bindings.all({ characters: JSON.stringify(rows.map((row) => row.seq)) });
    return rows.map((row) => ({
      id: row.id,
      workspace: row.workspace,
      handle: row.handle,
      name: row.name,
      description: row.description,
      source: JSON.parse(row.source_json) as CharacterSource,
      bindings: bindings.filter((binding) => binding.character_seq === row.seq).map(bindingOf),
      createdAt: row.created_at,
      updatedAt: row.updated_at,
    }));
  }

  #named(handle: string, write: () => void): void {
    try {
      write();
    } catch (error) {
      if (!isUniqueViolation(error, 'characters.handle')) throw error;
      throw new SoraError({
        code: 'handle_taken',
        field: 'handle',
        message: `the handle ${handle} is taken`,
        hint: 'Choose another handle, or use the character that has it.',
        cause: error,
      });
    }
  }
}

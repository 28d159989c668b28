import { type SqlBool, sql } from 'kysely';
import type { Character, CharacterSource } from '../domain/character.ts';
import type { Clock } from '../domain/ids.ts';
import type { MicroUsd } from '../domain/money.ts';
import type { Route } from '../domain/video.ts';
import { type StoredBinding, storedBindingOf } from './binding-row.ts';
import { CalledNames } from './called-names.ts';
import type { CharacterRepository } from './characters.ts';
import { type Database, type Statement, slot } from './database.ts';
import type { BindingRow } from './schema.ts';
import { columnsOf, type Settlement } from './settlement.ts';

/** The intent to make a character on a backend, written before the paid create leaves. */
export interface BindingIntent {
  readonly id: string;
  readonly workspace: string;
  readonly characterId: string;
  readonly backend: string;
  readonly route: Route;
  readonly sendKey: string;
  readonly quoted?: MicroUsd | undefined;
  /** Takes the place of the character's source once it is made. Absent: that is what it is made from. */
  readonly source?: CharacterSource | undefined;
  /** While the lease lives nobody else looks into the intent. */
  readonly leaseOwner?: string | undefined;
  readonly leaseUntil?: number | undefined;
}

/** A character of a backend that the catalog does not know. */
export interface Newcomer {
  /** Our ids, used when the character is new. */
  readonly characterId: string;
  readonly bindingId: string;
  readonly workspace: string;
  readonly backend: string;
  readonly route: Route;
  readonly name: string;
  readonly description?: string | undefined;
  /** What its create costs, where we sent it. */
  readonly quoted?: MicroUsd | undefined;
}

/** A character that a backend listed. */
export interface FoundCharacter extends Newcomer {
  readonly remoteId: string;
  readonly mention?: string | undefined;
  readonly remoteName?: string | undefined;
}

export interface BindingClaim {
  readonly owner: string;
  readonly now: number;
  readonly leaseMs: number;
  readonly limit: number;
  /** Those of others are left to processes that have those backends. Default: all. */
  readonly backends?: readonly string[] | undefined;
  /** Ids of bindings to leave alone: the process is at them already, whatever their leases say. */
  readonly except?: readonly string[] | undefined;
}

/** A partial index is used only where the states stand in the SQL itself, not as parameters. */
const UNSETTLED = sql<SqlBool>`bindings.state in ('submitting', 'unknown')`;

const UNSETTLED_STATES = ['submitting', 'unknown'] as const;

type Row = BindingRow & { readonly character_id: string };

export class BindingRepository {
  readonly #database: Database;
  readonly #characters: CharacterRepository;
  readonly #clock: Clock;
  readonly #byId: Statement<Row>;
  readonly #byCharacter: Statement<Row>;
  readonly #anywhere: Statement<{ id: string }>;
  readonly #called: CalledNames;

  constructor(database: Database, characters: CharacterRepository, clock: Clock) {
    this.#database = database;
    this.#characters = characters;
    this.#clock = clock;
    this.#called = new CalledNames(database);
    const rows = database.build
      .selectFrom('bindings')
      .innerJoin('characters', 'characters.seq', 'bindings.character_seq')
      .selectAll('bindings')
      .select('characters.id as character_id');
    this.#byId = database.prepare(rows.where('bindings.id', '=', slot<string>('id')));
    this.#anywhere = database.prepare(
      database.build
        .selectFrom('bindings')
        .select('id')
        .where('remote_id', '=', slot<string>('remoteId'))
        .where('remote_id', 'is not', null)
        .where('backend', '=', slot<string>('backend'))
        .limit(1),
    );
    this.#byCharacter = database.prepare(
      rows
        .where('characters.id', '=', slot<string>('characterId'))
        .where('bindings.backend', '=', slot<string>('backend')),
    );
  }

  /** Whether any workspace has the character that a backend calls so: an upstream account may serve several of them. */
  isTaken(backend: string, remoteId: string): boolean {
    return this.#anywhere.first({ backend, remoteId }) !== undefined;
  }

  /**
   * Whether a create is under way whose character may be listed before it is bound: of any workspace, or lost by another
   * one than this, or lost and not looked for yet. One that the upstream makes by a task counts if it began at `tasksSince`
   * (unix milliseconds) or later: a task may never end.
   */
  someoneMakes(backend: string, workspace: string, tasksSince: number): boolean {
    const open = this.#database.build
      .selectFrom('bindings')
      .select('id')
      .where(UNSETTLED)
      .where('backend', '=', backend)
      .where((eb) =>
        eb.or([eb('state', '=', 'submitting'), eb('workspace', '!=', workspace), eb('next_check_at', 'is', null)]),
      )
      .where((eb) => eb.or([eb('remote_task_id', 'is', null), eb('created_at', '>=', tasksSince)]))
      .limit(1);
    return this.#database.first(open) !== undefined;
  }

  /** Whether another workspace's create of a character of this name got no answer on the same backend yet. */
  hasRival(binding: StoredBinding, name: string): boolean {
    const rival = this.#database.build
      .selectFrom('bindings')
      .innerJoin('characters', 'characters.seq', 'bindings.character_seq')
      .select('bindings.id')
      .where(UNSETTLED)
      .where('bindings.backend', '=', binding.backend)
      .where('bindings.workspace', '!=', binding.workspace)
      .where('characters.name', '=', name)
      .limit(1);
    return this.#database.first(rival) !== undefined;
  }

  /** Ids and mentions on a backend, of other workspaces' characters, that may stand behind an `@` of the text. */
  othersIn(text: string, backend: string, workspace: string): string[] {
    return this.#called.othersIn(text, backend, workspace);
  }

  byId(id: string): StoredBinding | undefined {
    const row = this.#byId.first({ id });
    return row && storedBindingOf(row);
  }

  /** The character's binding on a backend, whatever its state. */
  on(characterId: string, backend: string): StoredBinding | undefined {
    const row = this.#byCharacter.first({ characterId, backend });
    return row && storedBindingOf(row);
  }

  /**
   * Writes the intent as `submitting`, in place of a failed binding if there is one. Undefined when the character is
   * not there, or is bound or being bound on that backend: then nothing may be sent.
   */
  insertIntent(intent: BindingIntent): StoredBinding | undefined {
    return this.#database.transaction(() => {
      const before = this.on(intent.characterId, intent.backend);
      if (before !== undefined && before.state !== 'failed') return undefined;
      if (before !== undefined)
        this.#database.run(this.#database.build.deleteFrom('bindings').where('id', '=', before.id));
      return this.#insert(intent.characterId, intent.workspace, {
        id: intent.id,
        backend: intent.backend,
        route: intent.route,
        state: 'submitting',
        send_key: intent.sendKey,
        quoted: intent.quoted ?? null,
        source_json: intent.source === undefined ? null : JSON.stringify(intent.source),
        lease_owner: intent.leaseOwner ?? null,
        lease_until: intent.leaseUntil ?? null,
      });
    });
  }

  /**
   * Writes how a create ended or stands, and drops the lease. Undefined when somebody settled it before: only
   * `submitting` and `unknown` are unsettled, and one that was given up may turn out to be taken after all.
   */
  settle(id: string, settlement: Settlement): StoredBinding | undefined {
    const taken = settlement.state === 'ready' || 'remoteTaskId' in settlement;
    const from = taken ? ([...UNSETTLED_STATES, 'failed'] as const) : UNSETTLED_STATES;
    const query = this.#database.build
      .updateTable('bindings')
      .set({ ...columnsOf(settlement), lease_owner: null, lease_until: null, updated_at: this.#clock() })
      .where('id', '=', id)
      .where('state', 'in', from);
    return this.#database.run(query).changes === 0 ? undefined : this.byId(id);
  }

  /** Takes back an intent that led to nothing: nothing was sent. False when somebody settled it before. */
  withdraw(id: string): boolean {
    const query = this.#database.build.deleteFrom('bindings').where('id', '=', id);
    return this.#database.run(query.where('state', 'in', UNSETTLED_STATES)).changes === 1;
  }

  /** Leases unsettled intents that nobody is at: their process died, or their check is due. */
  claimDue({ owner, now, leaseMs, limit, backends, except = [] }: BindingClaim): StoredBinding[] {
    const due = this.#database.build
      .selectFrom('bindings')
      .select('id')
      .where(UNSETTLED)
      .where(sql<SqlBool>`id not in (select value from json_each(${JSON.stringify(except)}))`)
      .$if(backends !== undefined, (query) => query.where('backend', 'in', backends ?? []))
      .where((eb) => eb.or([eb('next_check_at', 'is', null), eb('next_check_at', '<=', now)]))
      // A lease far ahead was given before the clock was set back.
      .where((eb) =>
        eb.or([eb('lease_until', 'is', null), eb('lease_until', '<=', now), eb('lease_until', '>', now + 2 * leaseMs)]),
      )
      .limit(limit);
    if (this.#database.first(due) === undefined) return [];
    const query = this.#database.build
      .updateTable('bindings')
      .set({ lease_owner: owner, lease_until: now + leaseMs })
      .where('id', 'in', due)
      .returning('id');
    return this.#database.all(query).flatMap(({ id }) => this.byId(id) ?? []);
  }

  /** The character that a backend listed: the one we know by its remote id, else a new one with a handle of its own. */
  adopt(found: FoundCharacter): { readonly character: Character; readonly adopted: boolean } {
    return this.#database.transaction(() => {
      const { workspace, backend, remoteId } = found;
      const known = this.#characters.byRemoteId(workspace, remoteId, backend);
      if (known !== undefined) return { character: known, adopted: false };
      return { character: this.takeIn(found, { ...found, state: 'ready' }), adopted: true };
    });
  }

  /** A new character with a handle of its own, whose making stands so. */
  takeIn(newcomer: Newcomer, settlement: Settlement): Character {
    return this.#database.transaction(() => {
      const { characterId: id, workspace, backend, route, name, quoted } = newcomer;
      const now = this.#clock();
      this.#characters.insert({
        id,
        workspace,
        handle: this.#characters.freeHandle(workspace, name),
        name,
        description: newcomer.description ?? '',
        source: { kind: 'adopted', backend },
        createdAt: now,
        updatedAt: now,
      });
      const columns = { backend, route, quoted: quoted ?? null, ...columnsOf(settlement) };
      this.#insert(id, workspace, { id: newcomer.bindingId, ...columns });
      return this.#characters.byId(workspace, id)!;
    });
  }

  #insert(
    characterId: string,
    workspace: string,
    columns: Pick<BindingRow, 'id' | 'backend' | 'route' | 'state'> & Partial<BindingRow>,
  ): StoredBinding | undefined {
    const owner = this.#database.first(
      this.#database.build
        .selectFrom('characters')
        .select('seq')
        .where('id', '=', characterId)
        .where('workspace', '=', workspace),
    );
    if (owner === undefined) return undefined;
    const now = this.#clock();
    const values = { ...columns, character_seq: owner.seq, workspace, created_at: now, updated_at: now };
    this.#database.run(this.#database.build.insertInto('bindings').values(values));
    return this.byId(columns.id);
  }
}

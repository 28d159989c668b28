import type { Binding, CharacterSource } from '../domain/character.ts';
import { type MicroUsd, microUsd } from '../domain/money.ts';
import type { BindingRow } from './schema.ts';

/** A binding with what its paid create needs. */
export interface StoredBinding extends Binding {
  /** Also the ledger's reference. */
  readonly id: string;
  readonly workspace: string;
  readonly characterId: string;
  /** Sent as `Idempotency-Key` with the create; absent when it was adopted. */
  readonly sendKey?: string | undefined;
  readonly quoted?: MicroUsd | undefined;
  /** The upstream's task that makes it, where it is made by one. */
  readonly remoteTaskId?: string | undefined;
  /** What it is made from, where that is to take the place of the character's source once it is made. */
  readonly source?: CharacterSource | undefined;
  /** Unix milliseconds. */
  readonly updatedAt: number;
  /** When an unsettled one is to be looked into; absent: as soon as nobody holds its lease. */
  readonly nextCheckAt?: number | undefined;
  readonly leaseOwner?: string | undefined;
  readonly leaseUntil?: number | undefined;
}

export function bindingOf(row: BindingRow): Binding {
  return {
    backend: row.backend,
    route: row.route,
    state: row.state,
    ...(row.remote_id !== null && { remoteId: row.remote_id }),
    ...(row.mention !== null && { mention: row.mention }),
    ...(row.remote_name !== null && { remoteName: row.remote_name }),
    ...(row.error !== null && { error: row.error }),
    createdAt: row.created_at,
  };
}

export function storedBindingOf(row: BindingRow & { readonly character_id: string }): StoredBinding {
  return {
    ...bindingOf(row),
    id: row.id,
    workspace: row.workspace,
    characterId: row.character_id,
    ...(row.send_key !== null && { sendKey: row.send_key }),
    ...(row.quoted !== null && { quoted: microUsd(row.quoted) }),
    ...(row.remote_task_id !== null && { remoteTaskId: row.remote_task_id }),
    ...(row.source_json !== null && { source: JSON.parse(row.source_json) as CharacterSource }),
    updatedAt: row.updated_at,
    ...(row.next_check_at !== null && { nextCheckAt: row.next_check_at }),
    ...(row.lease_owner !== null && { leaseOwner: row.lease_owner }),
    ...(row.lease_until !== null && { leaseUntil: row.lease_until }),
  };
}

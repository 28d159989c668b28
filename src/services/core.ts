import type { Backend } from '../backends/backend.ts';
import { SoraError } from '../domain/errors.ts';
import type { BackendHealth } from '../domain/health.ts';
import type { Clock, IdSource } from '../domain/ids.ts';
import type { MicroUsd } from '../domain/money.ts';
import type { Store } from '../store/store.ts';
import type { Changes } from './changes.ts';
import type { Confirmations } from './confirmation.ts';
import type { Leases } from './leases.ts';
import type { Vigils } from './vigils.ts';

/** A backend together with what is known of its well-being. */
export interface WatchedBackend extends Backend {
  health(): BackendHealth;
}

/** One tenant: its limits and what it may read. `local` is the stdio server's. */
export interface Workspace {
  readonly name: string;
  /** Stands in the ledger beside each amount. */
  readonly project: string;
  readonly limits: SpendingLimits;
  /** Folders whose files callers may name. */
  readonly inputDirs: readonly string[];
  /** Other workspaces use the same backends' accounts. Default false. */
  readonly shared?: boolean | undefined;
}

export interface SpendingLimits {
  /** A UTC day; absent: no limit. */
  readonly day?: MicroUsd | undefined;
  /** A UTC month. */
  readonly month?: MicroUsd | undefined;
  readonly perVideo?: MicroUsd | undefined;
  /** Above this a person is asked first. */
  readonly confirmAbove?: MicroUsd | undefined;
}

/** A named moment in a create, a poll or a save, told to whoever tests what a crash there does. */
export type Step = string;

/** What every use case works with: one of each in a process, shared by all workspaces. */
export interface Core {
  readonly store: Store;
  readonly backends: ReadonlyMap<string, WatchedBackend>;
  /** What the configuration calls those backends that have another id in this data directory. */
  readonly aliases: ReadonlyMap<string, string>;
  readonly changes: Changes;
  readonly confirmations: Confirmations;
  readonly clock: Clock;
  readonly newId: IdSource;
  /** What this process has in hand. */
  readonly leases: Leases;
  /** How long it has looked for what was lost. */
  readonly vigils: Vigils;
  readonly workspace: (name: string) => Workspace;
  /** The bytes of a picture or video that a caller points at. `field`: the argument that named it. */
  readonly fetchMedia: (url: string, field: string, signal?: AbortSignal) => Promise<Uint8Array>;
  readonly log: (line: string) => void;
  readonly reached: (step: Step) => void;
}

/** The id of the backend that a caller names. */
export function backendId<Name extends string | undefined>(core: Pick<Core, 'aliases'>, name: Name): Name | string {
  return (name !== undefined && core.aliases.get(name)) || name;
}

export function backendNamed(core: Pick<Core, 'backends'>, id: string): WatchedBackend {
  const backend = core.backends.get(id);
  if (backend) return backend;
  throw new SoraError({
    code: 'no_backend',
    field: 'backend',
    message: `there is no backend ${JSON.stringify(id)} in the configuration`,
    hint: `Configured: ${[...core.backends.keys()].join(', ')}.`,
  });
}

import { createHash, randomBytes, randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { definitionOf, referenceProfiles, type SandboxAccess } from './backends/definition.ts';
import { createFetcher } from './backends/fetcher.ts';
import type { GoneMemory } from './backends/gone-memory.ts';
import { guarded } from './backends/guarded.ts';
import { type BackendDefinition, createBackend } from './backends/registry.ts';
import type { Config } from './config.ts';
import { LOCAL_WORKSPACE } from './config.ts';
import { SoraError } from './domain/errors.ts';
import { type Clock, isoTime } from './domain/ids.ts';
import { Secret } from './domain/secret.ts';
import { fetchGuard } from './fetch-guard.ts';
import { Changes } from './services/changes.ts';
import { Characters } from './services/characters.ts';
import { Confirmations } from './services/confirmation.ts';
import type { Core, Step, WatchedBackend, Workspace } from './services/core.ts';
import { Estimates } from './services/estimates.ts';
import { Leases } from './services/leases.ts';
import { Neighbours } from './services/neighbours.ts';
import type { Services } from './services/services.ts';
import { Storyboards } from './services/storyboards.ts';
import { Tasks } from './services/tasks.ts';
import { Tracker } from './services/tracker.ts';
import { Videos } from './services/videos.ts';
import { Vigils } from './services/vigils.ts';
import { DATABASE_FILE, openStore, type Store } from './store/store.ts';

export { dataDirProblem } from './store/files.ts';

/** What the process lends to the app; tests lend other things. */
export interface Host {
  /** Takes one line for the operator. */
  readonly log: (line: string) => void;
  /** Default the real clock. */
  readonly clock?: Clock | undefined;
  /** Milliseconds that never jump. Default the process's own. */
  readonly uptime?: Clock | undefined;
  /** Told of each named moment of a create, a poll and a save. Default: nothing listens. */
  readonly reached?: ((step: Step) => void) | undefined;
  /** How long a dead process's tasks stay its own, in milliseconds. Default 30,000. */
  readonly leaseMs?: number | undefined;
}

/** One store, one set of backends, one tracker; any number of workspaces. */
export interface App {
  services(workspace: string): Services;
  /** Begins to follow unfinished tasks. */
  track(): void;
  /** Ends that within a second, for good. */
  untrack(): Promise<void>;
  /** The same, and puts everything away. Creates that are out are given `patienceMs` to be answered. */
  close(patienceMs?: number): Promise<void>;
}

const LEASE_MS = 30_000;
const ID_LENGTH = 20;
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/** Puts everything together. Throws `SoraError` when the data directory cannot be used. */
export async function openApp(config: Config, host: Host): Promise<App> {
  const clock = host.clock ?? Date.now;
  const store = openStore({ dataDir: config.dataDir, clock });
  const sandbox = config.sandbox ? await startSandboxAt(join(config.dataDir, 'sandbox.sqlite')) : undefined;
  const aliases = aliasesOf(config, (name, host) => enteredId(store, name, host));
  for (const [name, id] of aliases) host.log(`this data directory knows another gateway as ${name}; this one is ${id}`);
  const memoryOf = (definition: BackendDefinition) => storedMemory(store, definition, clock);
  const backends = await openBackends(renamed(config, aliases), sandbox, clock, memoryOf);
  const workspaces = new Map(workspacesOf(config).map((workspace) => [workspace.name, workspace]));
  const guard = fetchGuard(config.fetchHosts);
  const own = new Set([...backends.values()].map(({ profile }) => profile.origin));
  // A clip that a backend made may be fetched from it, wherever it stands; nothing else there may be.
  const isClip = (url: URL) => own.has(url.origin) && store.tasks.isLink(url.href);
  const fetcher = createFetcher((address, url) => (isClip(url) ? undefined : guard(address, url)), clock);
  const core: Core = {
    store,
    backends,
    aliases,
    clock,
    changes: new Changes(),
    confirmations: new Confirmations(clock),
    newId,
    leases: new Leases(store.tasks, clock, newId('proc'), host.leaseMs ?? LEASE_MS),
    vigils: new Vigils(host.uptime),
    workspace: (name) =>
      workspaces.get(name) ?? { name, project: config.project, limits: config.budget, inputDirs: [], shared: true },
    fetchMedia: (url, field, signal) => fetcher.load(url, field, signal),
    log: host.log,
    reached: host.reached ?? (() => {}),
  };
  const tracker = new Tracker(core);
  const neighbours = new Neighbours(core);
  const untrack = async (patienceMs?: number): Promise<void> => {
    neighbours.stop();
    await tracker.stop(patienceMs);
  };
  const services = new Map<string, Services>();
  const elsewhere = config.sandbox ? await referenceProfiles() : [];
  return {
    services: (name) => {
      const known = services.get(name) ?? servicesOf(core, core.workspace(name), elsewhere);
      services.set(name, known);
      return known;
    },
    track: () => {
      tracker.start();
      neighbours.start();
    },
    untrack: () => untrack(),
    close: async (patienceMs) => {
      await untrack(patienceMs);
      await Promise.all([fetcher, ...backends.values()].map((each) => each.close()));
      await sandbox?.close();
      store.close();
    },
  };
}

/** Names that stand for another upstream in this data directory: what that one made is unknown to the one configured now. */
function aliasesOf({ backends }: Config, idOf: (name: string, host: string) => string | undefined) {
  const named = backends.filter(({ idImplied }) => idImplied);
  const ids = named.map(({ id, baseUrl }) => [id, idOf(id, hostOf(baseUrl)) ?? id] as const);
  return new Map(ids.filter(([name, id]) => id !== name));
}

/** However it is spelled: another scheme is the same upstream still. */
function hostOf(baseUrl: string): string {
  return new URL(baseUrl).host.replace(/^(localhost|\[::1\])(?=:|$)/, '127.0.0.1');
}

/** Where nothing can be written, nothing is made either, and what is there can still be read. */
function enteredId(store: Store, name: string, host: string): string | undefined {
  try {
    return store.upstreams.idOf(name, host);
  } catch (error) {
    if (error instanceof SoraError && (error.code === 'store_unavailable' || error.code === 'disk_full'))
      return undefined;
    throw error;
  }
}

function renamed(config: Config, aliases: ReadonlyMap<string, string>): Config {
  return { ...config, backends: config.backends.map((each) => ({ ...each, id: aliases.get(each.id) ?? each.id })) };
}

/** The configured backends, or the embedded upstream's two. Nothing is connected yet. */
async function openBackends(
  config: Config,
  sandbox: SandboxAccess | undefined,
  clock: Clock,
  memoryOf?: (definition: BackendDefinition) => GoneMemory | undefined,
) {
  const guard = fetchGuard(config.fetchHosts);
  const definitions = await definitionOf(config, sandbox);
  return new Map<string, WatchedBackend>(
    definitions.map((definition) => [
      definition.id,
      guarded(createBackend(definition, { clock, guard }), { clock, memory: memoryOf?.(definition) }),
    ]),
  );
}

/** Looks at every backend with calls that cost nothing, knowing what is kept about them. Gives what `look` gives. */
export async function withBackends<T>(
  config: Config,
  look: (backends: readonly WatchedBackend[]) => Promise<T>,
): Promise<T> {
  const store = storeIfAny(config.dataDir);
  const sandbox = config.sandbox ? await startSandboxAt(':memory:') : undefined;
  const memoryOf = store && ((definition: BackendDefinition) => storedMemory(store, definition, Date.now));
  const aliases = aliasesOf(config, (name, host) => store?.upstreams.find(name, host));
  const backends = [...(await openBackends(renamed(config, aliases), sandbox, Date.now, memoryOf)).values()];
  try {
    return await look(backends);
  } finally {
    await Promise.all(backends.map((backend) => backend.close()));
    await sandbox?.close();
    store?.close();
  }
}

/** To look at backends makes no store, and one that cannot be read hinders nobody. */
function storeIfAny(dataDir: string): Store | undefined {
  if (!existsSync(join(dataDir, DATABASE_FILE))) return undefined;
  try {
    return openStore({ dataDir, clock: Date.now });
  } catch {
    return undefined;
  }
}

async function startSandboxAt(path: string): Promise<SandboxAccess & { close(): Promise<void> }> {
  const { startSandbox } = await import('./sandbox/sandbox.ts');
  // Everybody on this machine can reach it: only this process may use it.
  const apiKey = new Secret(randomBytes(24).toString('base64url'));
  const { baseUrl, close } = await startSandbox({ path, unref: true, key: apiKey.reveal() });
  return { baseUrl: new URL(baseUrl), apiKey, close };
}

function servicesOf(
  core: Core,
  workspace: Workspace,
  elsewhere: Awaited<ReturnType<typeof referenceProfiles>>,
): Services {
  return {
    workspace: workspace.name,
    characters: new Characters(core, workspace),
    videos: new Videos(core, workspace),
    tasks: new Tasks(core, workspace),
    storyboards: new Storyboards(core, workspace),
    estimates: new Estimates(core, workspace, elsewhere),
    backends: () =>
      [...core.backends.values()].map((backend) => {
        const { state, reason, until, goneModels } = backend.health();
        return {
          profile: backend.profile,
          health: state,
          reason,
          until: until === undefined ? undefined : isoTime(until),
          goneModels: Object.fromEntries(Object.entries(goneModels).map(([model, ms]) => [model, isoTime(ms)])),
        };
      }),
    onChange: (listener) => core.changes.subscribe(workspace.name, listener),
  };
}

function workspacesOf(config: Config): Workspace[] {
  const shared = (name: string) => config.workspaces.some((other) => other.name !== name);
  const { project, budget: limits, inputDirs } = config;
  const local = { name: LOCAL_WORKSPACE, project, limits, inputDirs, shared: shared(LOCAL_WORKSPACE) };
  const tenants = config.workspaces.map(({ name, budget }) => ({
    name,
    project: name === LOCAL_WORKSPACE ? project : name,
    limits: budget,
    inputDirs,
    shared: shared(name),
  }));
  return [local, ...tenants];
}

/** What backends said to be gone, known to every process of the data directory and after a restart. */
function storedMemory({ observations }: Store, definition: BackendDefinition, clock: Clock): GoneMemory {
  const backend = memoryKey(definition);
  return {
    recall: () =>
      observations
        .of(backend)
        .filter(({ status, until }) => status === 'gone' && until !== undefined && clock() < until)
        .map(({ subject, until, note }) => ({ subject, until: until ?? 0, reason: note ?? 'it is gone' })),
    remember: ({ subject, until, reason }) =>
      observations.set({ backend, subject, status: 'gone', until, note: reason, observedAt: clock() }),
    forget: (subject) => observations.clear(backend, subject),
  };
}

/** It is about this address in this dialect: whoever corrects either begins anew. */
function memoryKey({ id, baseUrl, dialect }: BackendDefinition): string {
  const about = JSON.stringify([baseUrl.href, dialect]);
  return `${id} ${createHash('sha256').update(about).digest('hex').slice(0, 16)}`;
}

function newId(prefix: string): string {
  let id = '';
  for (let at = 0; at < ID_LENGTH; at++) id += ALPHABET[randomInt(ALPHABET.length)];
  return `${prefix}_${id}`;
}

import type { RemoteCharacter } from '../backends/backend.ts';
import { SoraError } from '../domain/errors.ts';
import { clean } from '../domain/text.ts';
import { within } from './answer-time.ts';
import { publish } from './binding.ts';
import { YOUNG_MS } from './binding-outcome.ts';
import type { Core, WatchedBackend, Workspace } from './core.ts';
import { type Listed, listedOnce, reconcileCharacters } from './reconcile-character.ts';

/** A caller waits for all lists together no longer than this, in milliseconds; most clients give up at 60 s. */
const WITHIN_MS = 20_000;
const SHARED = 'nothing is adopted: other workspaces use the same backends, and a list does not say whose is whose';

/** Asks the backends that can list, and adopts what the catalog did not know. Returns what could not be done. */
export async function adoptListed(
  core: Core,
  workspace: Workspace,
  only: string | undefined,
  caller?: AbortSignal,
): Promise<string[]> {
  return await within(WITHIN_MS, caller, (signal) => refresh(core, workspace, only, signal));
}

async function refresh(
  core: Core,
  workspace: Workspace,
  only: string | undefined,
  signal: AbortSignal,
): Promise<string[]> {
  const listed = listedOnce(signal);
  const asked = [...core.backends.values()].filter((backend) => only === undefined || backend.profile.id === only);
  const lists = workspace.shared ? [] : asked.filter((backend) => backend.listCharacters);
  // All are asked before anything is waited for; what became of it is seen below.
  for (const backend of lists) listed(backend).catch(() => undefined);
  // First those whose create got no answer, or the list would bring them into the catalog as strangers.
  await reconcileCharacters(core, signal, 'now', listed);
  if (workspace.shared) return [SHARED];
  const notes = await Promise.all(asked.map((backend) => adoptFrom(core, workspace, backend, listed, signal)));
  if (lists.length === 0) notes.push([cannotList(core, asked)]);
  return notes.flat();
}

function cannotList(core: Core, asked: readonly WatchedBackend[]): string {
  const able = [...core.backends.values()].filter((backend) => backend.listCharacters);
  const ids = (backends: readonly WatchedBackend[]) => backends.map((backend) => backend.profile.id).join(', ');
  const cannot = `${ids(asked)} cannot list characters`;
  return able.length > 0 ? `${cannot}; these can: ${ids(able)}` : `${cannot}, and no other configured backend can`;
}

async function adoptFrom(
  core: Core,
  workspace: Workspace,
  backend: WatchedBackend,
  listedBy: Listed,
  signal: AbortSignal,
): Promise<string[]> {
  if (!backend.listCharacters) return [];
  const { id, route } = backend.profile;
  let listed: readonly RemoteCharacter[];
  try {
    listed = await listedBy(backend);
  } catch (error) {
    const why = error instanceof SoraError ? error : undefined;
    // It may have failed at once, and the time have run out over something else.
    const silent = signal.aborted && (why === undefined || why.code === 'cancelled');
    if (silent) return [`${id} did not answer within ${WITHIN_MS / 1_000} s`];
    return [`${id} could not be asked: ${why?.message ?? 'it failed'}`];
  }
  // After the list: a create that began since cannot be in it.
  if (core.store.bindings.someoneMakes(id, workspace.name, core.clock() - YOUNG_MS)) {
    return [`nothing was adopted from ${id}: a character is being made there; refresh again in a minute`];
  }
  for (const remote of listed) {
    // What another tenant made there is none of this one's business; what this one has needs no adopting.
    if (core.store.bindings.isTaken(id, remote.remoteId)) continue;
    // It is not made yet, or never will be.
    if (remote.state !== undefined) continue;
    const name = clean(remote.name ?? remote.remoteId, 80);
    const { character, adopted } = core.store.bindings.adopt({
      characterId: core.newId('chr'),
      bindingId: core.newId('bind'),
      workspace: workspace.name,
      backend: id,
      route,
      remoteId: remote.remoteId,
      name,
      description: clean(remote.description ?? '', 1000),
      mention: remote.mention,
      remoteName: name,
    });
    if (adopted) publish(core, workspace, character.handle, true);
  }
  return [];
}

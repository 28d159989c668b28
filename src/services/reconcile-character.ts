import type { RemoteCharacter } from '../backends/backend.ts';
import type { Character } from '../domain/character.ts';
import { SoraError } from '../domain/errors.ts';
import type { StoredBinding } from '../store/binding-row.ts';
import { LOST_AFTER_MS, publish } from './binding.ts';
import { LOOK_AGAIN_MS, settlePending, settleReady } from './binding-outcome.ts';
import { letters } from './candidates.ts';
import type { Core, WatchedBackend } from './core.ts';
import { releaseHold } from './money.ts';
import { persist } from './persist.ts';
import { WATCH_MS } from './vigils.ts';

/** Clocks differ. */
const CLOCK_SLACK_MS = 2 * 60_000;

/** What is known now of a create that is unsettled. */
type Verdict =
  | { readonly is: 'made'; readonly remote: RemoteCharacter }
  | { readonly is: 'being made'; readonly remoteTaskId: string }
  | { readonly is: 'failed' | 'unknown'; readonly why: string };

/**
 * Asks for characters that are made by a task of the upstream, and looks for those whose create got no answer in the lists
 * of their backends: those that are due, or `now` all.
 */
export async function reconcileCharacters(
  core: Core,
  signal?: AbortSignal,
  when: 'due' | 'now' = 'due',
  listed: Listed = listedOnce(signal),
): Promise<void> {
  const due = core.store.bindings.claimDue({
    owner: core.leases.owner,
    now: core.clock() + (when === 'now' ? LOOK_AGAIN_MS : 0),
    leaseMs: LOST_AFTER_MS,
    limit: 8,
    backends: [...core.backends.keys()],
    except: core.leases.held(),
  });
  // Side by side: one that does not answer must not eat the time of the others.
  await Promise.all(due.map((binding) => lookFor(core, binding, listed, signal)));
}

/** What backends list, each asked once, however many are looked for there. */
export type Listed = (backend: WatchedBackend) => Promise<readonly RemoteCharacter[]>;

export function listedOnce(signal: AbortSignal | undefined): Listed {
  const lists = new Map<string, Promise<readonly RemoteCharacter[]>>();
  return (backend) => {
    const { id } = backend.profile;
    const list = lists.get(id) ?? backend.listCharacters!({ signal });
    lists.set(id, list);
    return list;
  };
}

async function lookFor(core: Core, binding: StoredBinding, listed: Listed, signal?: AbortSignal): Promise<void> {
  const character = core.store.characters.byId(binding.workspace, binding.characterId);
  if (!character) return;
  core.reached('character:looked-for');
  const verdict = await judge(core, binding, character, listed, signal);
  await persist(() => write(core, binding, character, verdict));
  if (verdict.is !== 'unknown') core.vigils.end(binding.id);
  core.reached('character:found-written');
  publish(core, { name: binding.workspace }, character.handle, false);
}

async function judge(
  core: Core,
  binding: StoredBinding,
  character: Character,
  listed: Listed,
  signal?: AbortSignal,
): Promise<Verdict> {
  const backend = core.backends.get(binding.backend);
  const { remoteTaskId } = binding;
  if (remoteTaskId !== undefined) {
    if (backend?.getCharacter) return await askFor(backend, remoteTaskId, character, signal);
    if (!backend?.listCharacters) return { is: 'being made', remoteTaskId };
  }
  const found = await findIn(core, backend, binding, character, listed);
  if (typeof found === 'string') return { is: 'unknown', why: `${whatIsKnown(binding)}${found}` };
  return found ? stateOf(found, remoteTaskId) : { is: 'failed', why: 'the create never reached the upstream' };
}

/** How the task goes that makes it. What goes wrong in passing says nothing of it. */
async function askFor(
  backend: Pick<WatchedBackend, 'getCharacter'>,
  remoteTaskId: string,
  { name }: Character,
  signal: AbortSignal | undefined,
): Promise<Verdict> {
  try {
    return stateOf(await backend.getCharacter!({ remoteId: remoteTaskId, name }, { signal }), remoteTaskId);
  } catch (error) {
    if (!(error instanceof SoraError) || error.retryable || error.code === 'cancelled') {
      return { is: 'being made', remoteTaskId };
    }
    return {
      is: 'unknown',
      why: `it is made by the task ${remoteTaskId}, which cannot be asked for: ${error.message}`,
    };
  }
}

function stateOf(remote: RemoteCharacter, remoteTaskId = remote.remoteId): Verdict {
  if (remote.state === 'pending') return { is: 'being made', remoteTaskId };
  return remote.state === 'failed'
    ? { is: 'failed', why: remote.error ?? 'the upstream says that it failed' }
    : { is: 'made', remote };
}

function whatIsKnown({ remoteTaskId }: StoredBinding): string {
  return remoteTaskId === undefined
    ? 'the answer was lost'
    : `it is made by the task ${remoteTaskId}, which its backend's dialect cannot follow (it has no getCharacter)`;
}

/** The character as it is listed; why it cannot be told; or undefined: it was never made. */
async function findIn(
  core: Core,
  backend: WatchedBackend | undefined,
  binding: StoredBinding,
  character: Character,
  listedBy: Listed,
): Promise<RemoteCharacter | string | undefined> {
  if (!backend?.listCharacters) return ', and its backend cannot list characters';
  const listed = await listedBy(backend).catch(() => undefined);
  if (!listed) return ', and its backend could not be asked';
  const free = listed.filter((remote) => !isKnown(core, binding, remote));
  const own = free.find(({ remoteId }) => remoteId === binding.remoteTaskId);
  if (own) return own;
  // One that failed may be of an earlier create, and tells nothing of this one.
  const alive = free.filter(({ state }) => state !== 'failed');
  const named = alive.filter((remote) => remote.name === character.name);
  const found = named.filter(
    ({ createdAt }) => createdAt === undefined || createdAt >= binding.createdAt - CLOCK_SLACK_MS,
  );
  if (found.length > 1) return `, and ${found.length} characters there could be it`;
  if (found[0]) return isRivals(core, binding, character) ?? found[0];
  if (named.length > 0) return '; one of this name is there, but of another time';
  if (alive.some((remote) => mayBe(remote, character))) return '; one that may be it is there, told differently';
  const taken = binding.remoteTaskId !== undefined;
  return taken || core.vigils.lasting(binding.id) < WATCH_MS ? '; it is not listed yet' : undefined;
}

/** Of an account that serves several workspaces; both could have made it. */
function isRivals(core: Core, binding: StoredBinding, { name }: Character): string | undefined {
  const rival = core.store.bindings.hasRival(binding, name);
  return rival ? ', and another create of that name could have made what is there' : undefined;
}

/** Its name is spelt differently, or not told. */
function mayBe({ name }: RemoteCharacter, character: Character): boolean {
  return name === undefined || letters(name) === letters(character.name);
}

function isKnown(core: Core, binding: StoredBinding, remote: RemoteCharacter): boolean {
  return core.store.bindings.isTaken(binding.backend, remote.remoteId);
}

function write(core: Core, binding: StoredBinding, character: Character, verdict: Verdict): void {
  core.store.transaction(() => {
    switch (verdict.is) {
      case 'made':
        if (isKnown(core, binding, verdict.remote)) {
          leaveOpen(core, binding, whyNotTaken(core, binding));
        } else {
          settleReady(core, binding, verdict.remote, character.name);
        }
        return;
      case 'being made':
        settlePending(core, binding, verdict.remoteTaskId, character.name);
        return;
      case 'failed':
        if (core.store.bindings.settle(binding.id, { state: 'failed', error: verdict.why })) {
          releaseHold(core, { id: binding.id, workspace: binding.workspace });
        }
        return;
      case 'unknown':
        return leaveOpen(core, binding, verdict.why);
      default:
        verdict satisfies never;
    }
  });
}

/** What was found is bound already. */
function whyNotTaken(core: Core, binding: StoredBinding): string {
  const { remoteTaskId, backend } = binding;
  return remoteTaskId !== undefined && core.backends.get(backend)?.getCharacter
    ? `the task ${remoteTaskId} ended with a character that is bound already`
    : `${whatIsKnown(binding)}; another was quicker to take it`;
}

function leaveOpen(core: Core, binding: StoredBinding, error: string): void {
  core.store.bindings.settle(binding.id, { state: 'unknown', error, nextCheckAt: core.clock() + LOOK_AGAIN_MS });
}

import type { RemoteCharacter } from '../backends/backend.ts';
import type { Character } from '../domain/character.ts';
import type { StoredBinding } from '../store/binding-row.ts';
import { LOST_AFTER_MS, publish } from './binding.ts';
import { settleReady } from './binding-outcome.ts';
import { letters } from './candidates.ts';
import type { Core } from './core.ts';
import { releaseHold, settle } from './money.ts';
import { persist } from './persist.ts';
import { WATCH_MS } from './vigils.ts';

const LOOK_AGAIN_MS = 60_000;
/** Clocks differ. */
const CLOCK_SLACK_MS = 2 * 60_000;
/** After this the money counts as spent on this day, not as held on every one. */
const SETTLED_AFTER_MS = 24 * 60 * 60_000;

/** Looks for characters whose create got no answer, in the lists of their backends: those that are due, or `now` all. */
export async function reconcileCharacters(
  core: Core,
  signal?: AbortSignal,
  when: 'due' | 'now' = 'due',
): Promise<void> {
  const due = core.store.bindings.claimDue({
    owner: core.leases.owner,
    now: core.clock() + (when === 'now' ? LOOK_AGAIN_MS : 0),
    leaseMs: LOST_AFTER_MS,
    limit: 8,
    except: core.leases.held(),
  });
  for (const binding of due) await lookFor(core, binding, signal);
}

async function lookFor(core: Core, binding: StoredBinding, signal?: AbortSignal): Promise<void> {
  const character = core.store.characters.byId(binding.workspace, binding.characterId);
  if (!character) return;
  core.reached('character:looked-for');
  const verdict = await judge(core, binding, character, signal);
  await persist(() => write(core, binding, character, verdict));
  if (typeof verdict !== 'string') core.vigils.end(binding.id);
  core.reached('character:found-written');
  publish(core, { name: binding.workspace }, character.handle, false);
}

/** The character; why it cannot be told; or undefined: it was never made. */
async function judge(
  core: Core,
  binding: StoredBinding,
  character: Character,
  signal: AbortSignal | undefined,
): Promise<RemoteCharacter | string | undefined> {
  const backend = core.backends.get(binding.backend);
  if (!backend?.listCharacters) return 'the answer was lost, and its backend cannot list characters';
  const listed = await backend.listCharacters({ signal }).catch(() => undefined);
  if (!listed) return 'the answer was lost, and its backend could not be asked';
  const named = listed.filter((remote) => remote.name === character.name && !isKnown(core, binding, remote));
  const found = named.filter(
    ({ createdAt }) => createdAt === undefined || createdAt >= binding.createdAt - CLOCK_SLACK_MS,
  );
  if (found.length > 1) return `the answer was lost, and ${found.length} characters there could be it`;
  if (found[0]) return isRivals(core, binding, character) ?? found[0];
  if (named.length > 0) return 'the answer was lost; one of this name is there, but of another time';
  if (listed.some((remote) => mayBe(remote, character) && !isKnown(core, binding, remote))) {
    return 'the answer was lost; one that may be it is there, told differently';
  }
  return core.vigils.lasting(binding.id) < WATCH_MS ? 'the answer was lost; it is not listed yet' : undefined;
}

/** Of an account that serves several workspaces; both could have made it. */
function isRivals(core: Core, binding: StoredBinding, { name }: Character): string | undefined {
  const rival = core.store.bindings.hasRival(binding, name);
  return rival ? 'the answer was lost, and another create of that name could have made what is there' : undefined;
}

/** Its name is spelt differently, or not told. */
function mayBe({ name }: RemoteCharacter, character: Character): boolean {
  return name === undefined || letters(name) === letters(character.name);
}

function isKnown(core: Core, binding: StoredBinding, remote: RemoteCharacter): boolean {
  return core.store.bindings.isTaken(binding.backend, remote.remoteId);
}

function write(
  core: Core,
  binding: StoredBinding,
  character: Character,
  verdict: RemoteCharacter | string | undefined,
): void {
  const now = core.clock();
  core.store.transaction(() => {
    if (typeof verdict === 'object' && !isKnown(core, binding, verdict)) {
      settleReady(core, binding, verdict, character.name);
    } else if (verdict === undefined) {
      const settled = core.store.bindings.settle(binding.id, {
        state: 'failed',
        error: 'the create never reached the upstream',
      });
      if (settled) releaseHold(core, { id: binding.id, workspace: binding.workspace });
    } else {
      const error = typeof verdict === 'string' ? verdict : 'the answer was lost; another was quicker to take it';
      core.store.bindings.settle(binding.id, { state: 'unknown', error, nextCheckAt: now + LOOK_AGAIN_MS });
      const late = now - binding.createdAt > SETTLED_AFTER_MS;
      if (late) settle(core, { id: binding.id, workspace: binding.workspace }, binding.quoted);
    }
  });
}

import type { StoredBinding } from '../store/binding-row.ts';
import { LOST_AFTER_MS, publish, settleReady } from './binding.ts';
import type { Core } from './core.ts';
import { releaseHold } from './money.ts';
import { persist } from './persist.ts';

const GRACE_MS = 5 * 60_000;
const LOOK_AGAIN_MS = 60_000;

/** Looks for characters whose create got no answer, in the lists of their backends. */
export async function reconcileCharacters(core: Core, signal?: AbortSignal): Promise<void> {
  const due = core.store.bindings.claimDue({
    owner: core.leases.owner,
    now: core.clock(),
    leaseMs: LOST_AFTER_MS,
    limit: 8,
  });
  for (const binding of due) await lookFor(core, binding, signal);
}

async function lookFor(core: Core, binding: StoredBinding, signal?: AbortSignal): Promise<void> {
  const character = core.store.characters.byId(binding.workspace, binding.characterId);
  const backend = core.backends.get(binding.backend);
  if (!character) return;
  const keep = (error: string) =>
    persist(() =>
      core.store.bindings.settle(binding.id, { state: 'unknown', error, nextCheckAt: core.clock() + LOOK_AGAIN_MS }),
    );
  if (!backend?.listCharacters) {
    await keep('the answer was lost, and its backend cannot list characters');
    return;
  }
  const listed = await backend.listCharacters({ signal }).catch(() => undefined);
  if (!listed) {
    await keep('the answer was lost, and its backend could not be asked');
    return;
  }
  const found = listed.filter(
    (remote) =>
      remote.name === character.name &&
      core.store.characters.byRemoteId(binding.workspace, remote.remoteId, binding.backend) === undefined,
  );
  const [only] = found;
  if (only && found.length === 1) {
    await persist(() => settleReady(core, { name: binding.workspace }, binding, only, character.name));
  } else if (found.length > 1) {
    await keep(`the answer was lost, and ${found.length} characters there could be it`);
  } else if (core.clock() - binding.createdAt < GRACE_MS) {
    await keep('the answer was lost; it is not listed yet');
  } else {
    await persist(() =>
      core.store.transaction(() => {
        core.store.bindings.settle(binding.id, { state: 'failed', error: 'the create never reached the upstream' });
        releaseHold(core, { id: binding.id, workspace: binding.workspace });
      }),
    );
  }
  publish(core, { name: binding.workspace }, character.handle, false);
}

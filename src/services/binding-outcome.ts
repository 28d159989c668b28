import type { RemoteCharacter } from '../backends/backend.ts';
import type { Character } from '../domain/character.ts';
import type { SoraError } from '../domain/errors.ts';
import { clean } from '../domain/text.ts';
import type { BindingIntent } from '../store/bindings.ts';
import type { Settlement } from '../store/settlement.ts';
import type { Core } from './core.ts';
import { holdAgain, releaseHold, settle } from './money.ts';

type Made = Pick<BindingIntent, 'id' | 'workspace' | 'characterId' | 'backend' | 'route' | 'quoted'>;

/**
 * Writes the made character's binding, and the source that it was made from, and settles its price, in one transaction.
 * A late answer counts, whatever was thought meanwhile. False when its binding has given way to another: then it is in
 * the catalog by itself.
 */
export function settleReady(core: Core, intent: Made, remote: RemoteCharacter, name: string): boolean {
  return core.store.transaction((): boolean => {
    const { bindings, characters } = core.store;
    const before = bindings.byId(intent.id);
    // It was thought never made, and its hold given back.
    if (!before || before.state === 'failed') holdAgain(core, { ...intent, what: 'character' });
    settle(core, intent, intent.quoted);
    const { remoteId, mention } = remote;
    const remoteName = remote.name ?? name;
    if (before?.remoteId === remoteId) return true;
    if (bindings.settle(intent.id, { state: 'ready', remoteId, mention, remoteName })) {
      const { source } = before ?? {};
      if (source) characters.update(intent.workspace, intent.characterId, { source });
      return true;
    }
    if (!bindings.isTaken(intent.backend, remoteId)) adoptLate(core, intent, remote, name);
    return false;
  });
}

/** How long until an unsettled create is looked at again, in milliseconds. */
export const LOOK_AGAIN_MS = 60_000;
/** One that an upstream makes by a task is looked at more often while it is young: most take less than minutes. */
export const YOUNG_MS = 10 * 60_000;
const LOOK_SOON_MS = 15_000;

/**
 * Writes that the upstream makes it by a task, and keeps its money held: no price is due for what may still fail. Undefined:
 * it is followed; else why it cannot be.
 */
export function settlePending(core: Core, intent: Made, remoteTaskId: string, name: string): string | undefined {
  const { bindings } = core.store;
  return core.store.transaction(() => {
    const before = bindings.byId(intent.id);
    const standing = standingOf(core, intent.backend, remoteTaskId, before?.createdAt);
    const kept = bindings.settle(intent.id, standing);
    if (kept && before?.state === 'failed') holdAgain(core, { ...intent, what: 'character' });
    // It gave way to another, whose place it cannot take.
    if (!before) followLate(core, intent, remoteTaskId, name, standing);
    return standing.state === 'unknown' ? standing.error : undefined;
  });
}

function standingOf(core: Core, backend: string, remoteTaskId: string, createdAt: number = core.clock()) {
  const asked = core.backends.get(backend);
  const now = core.clock();
  if (!asked?.getCharacter) {
    const why = asked ? 'whose dialect cannot follow one: it has no getCharacter' : 'which is not configured any more';
    const error = `it is made by the task ${remoteTaskId} of ${backend}, ${why}`;
    return { state: 'unknown', remoteTaskId, error, nextCheckAt: now + LOOK_AGAIN_MS } satisfies Settlement;
  }
  const soon = Math.max(LOOK_SOON_MS, asked.profile.limits.minPollMs);
  const pause = now - createdAt < YOUNG_MS ? soon : Math.max(soon, LOOK_AGAIN_MS);
  return { state: 'submitting', remoteTaskId, nextCheckAt: now + pause } satisfies Settlement;
}

/** By a binding of its own, which the money is held for. */
function followLate(core: Core, intent: Made, remoteTaskId: string, name: string, standing: Settlement): void {
  const { workspace, backend, route, quoted } = intent;
  const own = { id: core.newId('bind'), workspace, backend, quoted };
  const newcomer = { ...own, characterId: core.newId('chr'), bindingId: own.id, route, name: clean(name, 80) };
  const { handle } = core.store.bindings.takeIn(newcomer, standing);
  holdAgain(core, { ...own, what: 'character' });
  core.log(`@${handle} is made by task ${remoteTaskId} of ${backend}: a late answer to a create that was given up`);
}

function adoptLate(core: Core, { workspace, backend, route }: Made, remote: RemoteCharacter, name: string): void {
  const { character } = core.store.bindings.adopt({
    characterId: core.newId('chr'),
    bindingId: core.newId('bind'),
    workspace,
    backend,
    route,
    remoteId: remote.remoteId,
    mention: remote.mention,
    name: clean(remote.name ?? name, 80),
    remoteName: remote.name ?? name,
  });
  core.log(
    `@${character.handle} is character ${remote.remoteId} of ${backend}: a late answer to a create that was given up`,
  );
}

/** What is known before the create that went wrong. */
export interface Before {
  readonly existing: Character | undefined;
  /** The caller was told that it is being made: then it stays in the catalog, with the reason. */
  readonly told: boolean;
}

/** Writes why the create came to nothing, or that nobody knows. */
export function settleFailed(core: Core, intent: Made, { existing, told }: Before, failure: SoraError): void {
  const { bindings, characters } = core.store;
  core.store.transaction(() => {
    if (failure.charged !== 'no') {
      bindings.settle(intent.id, { state: 'unknown', error: failure.message });
      return;
    }
    const over =
      told || wasRefused(failure)
        ? bindings.settle(intent.id, { state: 'failed', error: failure.message })
        : bindings.withdraw(intent.id);
    if (!over) return;
    releaseHold(core, intent);
    // A creation that came to nothing holds no slot and no handle, unless another call makes it elsewhere meanwhile.
    const now = characters.byId(intent.workspace, intent.characterId);
    const elsewhere = now?.bindings.some((each) => each.backend !== intent.backend);
    if (!existing && !elsewhere && !told) characters.remove(intent.workspace, intent.characterId);
  });
}

/** The upstream itself said no, for good: that is worth remembering. Else nothing was sent, or not to be taken now. */
function wasRefused(failure: SoraError): boolean {
  return failure.details?.status !== undefined && !failure.retryable;
}

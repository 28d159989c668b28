import type { CreateCharacter, RemoteCharacter } from '../backends/backend.ts';
import { type Character, type CharacterSource, type ClipSpan, spanIn } from '../domain/character.ts';
import { SoraError } from '../domain/errors.ts';
import { fromUsd, type MicroUsd } from '../domain/money.ts';
import type { MediaSource } from '../domain/video.ts';
import type { BindingIntent } from '../store/bindings.ts';
import { cannotMake } from './binding-choice.ts';
import type { Core, WatchedBackend, Workspace } from './core.ts';
import { hold, releaseHold, settle } from './money.ts';
import { persist, persistSurely } from './persist.ts';
import type { CreateCharacterInput, RequestContext } from './services.ts';
import { checkSpan } from './source-clip.ts';

/** A create that its process did not see through is given up for lost after this. */
export const LOST_AFTER_MS = 180_000;

export interface Draft {
  readonly handle: string;
  readonly name: string;
  readonly description: string;
  readonly source: CharacterSource;
}

interface Making {
  readonly backend: WatchedBackend;
  readonly existing: Character | undefined;
  readonly draft: Draft;
  readonly input: Pick<CreateCharacterInput, 'startSeconds' | 'endSeconds'>;
  readonly context: RequestContext;
}

/** Makes the character on the backend, its intent written first, and keeps the binding. */
export async function bindCharacter(core: Core, workspace: Workspace, making: Making): Promise<Character> {
  const send = await sendingOf(core, workspace, making);
  try {
    return await make(core, workspace, making, send);
  } finally {
    await send.done?.();
  }
}

async function make(core: Core, workspace: Workspace, making: Making, send: Sending): Promise<Character> {
  const { existing, draft } = making;
  core.reached('character:intending');
  const intent = await persist(() => intend(core, workspace, making, send.price));
  core.reached('character:intent-written');
  let remote: RemoteCharacter;
  try {
    remote = await send.call(intent.sendKey);
  } catch (error) {
    const failure = error instanceof SoraError ? error : lost(error);
    core.reached('character:refused');
    await persistSurely(core.log, `@${draft.handle} was not made`, () =>
      failed(core, workspace, intent, existing, failure),
    );
    core.reached('character:refusal-written');
    publish(core, workspace, draft.handle, existing === undefined);
    throw failure;
  }
  core.reached('character:answered');
  const what = `@${draft.handle} is character ${remote.remoteId} of ${intent.backend}`;
  await persistSurely(core.log, what, () => made(core, workspace, making, intent, remote));
  core.reached('character:bound');
  publish(core, workspace, draft.handle, existing === undefined);
  const character = core.store.characters.byId(workspace.name, intent.characterId);
  if (character) return character;
  throw new SoraError({ code: 'not_found', message: `@${draft.handle} is no longer in the catalog` });
}

interface Sending {
  readonly price: MicroUsd | undefined;
  readonly call: (sendKey: string) => Promise<RemoteCharacter>;
  /** Call it when nothing is sent any more. */
  readonly done?: (() => Promise<void>) | undefined;
}

async function sendingOf(core: Core, workspace: Workspace, making: Making): Promise<Sending> {
  const { backend, draft, context } = making;
  const { source } = draft;
  const span = partOf(making);
  checkSpan(backend.profile, span);
  const { characterUsd } = backend.profile;
  const price = characterUsd === undefined ? undefined : fromUsd(characterUsd);
  const facts = { name: draft.name, description: draft.description, ...span };
  const extract =
    source.kind === 'task' && source.backend === backend.profile.id ? backend.extractCharacter : undefined;
  if (extract && source.kind === 'task') {
    const call = (idempotencyKey: string) =>
      extract.call(backend, { ...facts, remoteTaskId: source.remoteId, idempotencyKey }, { signal: context.signal });
    return { price, call };
  }
  const media = mediaOf(core, workspace, source, backend);
  const { clipToSend } = await import('./character-clip.ts');
  const clip = await clipToSend(core, backend.profile, media, span);
  const request: Omit<CreateCharacter, 'idempotencyKey'> = { ...facts, source: clip.media };
  // The create is not cut off when the caller leaves: its answer is worth money.
  return { price, call: (key) => backend.createCharacter!({ ...request, idempotencyKey: key }), done: clip.done };
}

/** The part that is asked for; else, where one can be told, the part that was kept with the source. */
function partOf({ backend, draft, input }: Making): ClipSpan {
  const { startSeconds, endSeconds } = input;
  const asked = startSeconds !== undefined || endSeconds !== undefined;
  const kept = backend.profile.capabilities.characterRange ? spanIn(draft.source) : undefined;
  return asked || !kept ? { startSeconds, endSeconds } : kept;
}

function mediaOf(core: Core, workspace: Workspace, source: CharacterSource, backend: WatchedBackend): MediaSource {
  switch (source.kind) {
    case 'video_url':
      return { kind: 'url', url: source.url };
    case 'file':
      return { kind: 'file', path: source.path };
    case 'task': {
      const task = core.store.tasks.byId(source.taskId, workspace.name);
      if (task?.filePath && backend.profile.capabilities.characterUpload) return { kind: 'file', path: task.filePath };
      const lives = task?.videoUrlExpiresAt === undefined || task.videoUrlExpiresAt > core.clock();
      if (task?.videoUrl && lives) return { kind: 'url', url: task.videoUrl };
      throw cannotMake(`the video it was extracted from cannot be sent to ${backend.profile.id}`, 'Give video_url.');
    }
    case 'adopted':
      throw cannotMake(`its look is known only on ${source.backend}`, 'Give video_url or file_path.');
    default:
      return source satisfies never;
  }
}

function intend(core: Core, workspace: Workspace, making: Making, price: MicroUsd | undefined): BindingIntent {
  const { backend, existing, draft } = making;
  const now = core.clock();
  const intent: BindingIntent = {
    id: core.newId('bind'),
    workspace: workspace.name,
    characterId: existing?.id ?? core.newId('chr'),
    backend: backend.profile.id,
    route: backend.profile.route,
    sendKey: core.newId('send'),
    quoted: price,
    leaseOwner: core.leases.owner,
    leaseUntil: now + LOST_AFTER_MS,
  };
  return core.store.transaction(() => {
    const { id, workspace: name } = { id: intent.characterId, workspace: workspace.name };
    if (!existing) core.store.characters.insert({ id, workspace: name, ...draft, createdAt: now, updatedAt: now });
    if (!core.store.bindings.insertIntent(intent)) {
      throw new SoraError({
        code: 'character_not_ready',
        field: 'handle',
        message: `@${draft.handle} is being made on ${intent.backend} by another call`,
        hint: 'Look at list_characters in a minute.',
        retryable: true,
      });
    }
    hold(core, { id: intent.id, workspace: name, what: 'character' }, { backend: intent.backend, quote: price });
    return intent;
  });
}

type Settled = Pick<BindingIntent, 'id' | 'characterId' | 'quoted'>;

/** Writes the made character's binding and settles its price, in one transaction. */
export function settleReady(
  core: Core,
  workspace: Pick<Workspace, 'name'>,
  intent: Settled,
  remote: RemoteCharacter,
  name: string,
): void {
  core.store.transaction(() => {
    core.store.bindings.settle(intent.id, {
      state: 'ready',
      remoteId: remote.remoteId,
      mention: remote.mention,
      remoteName: remote.name ?? name,
    });
    settle(core, { id: intent.id, workspace: workspace.name }, intent.quoted);
  });
}

/** The binding; and now that something came of it, the source that it was made from takes the place of the kept one. */
function made(
  core: Core,
  workspace: Workspace,
  { existing, draft }: Making,
  intent: BindingIntent,
  remote: RemoteCharacter,
): void {
  core.store.transaction(() => {
    settleReady(core, workspace, intent, remote, draft.name);
    if (existing && draft.source !== existing.source) {
      core.store.characters.update(workspace.name, existing.id, { source: draft.source });
    }
  });
}

function failed(
  core: Core,
  workspace: Workspace,
  intent: BindingIntent,
  existing: Character | undefined,
  failure: SoraError,
): void {
  const { bindings, characters } = core.store;
  core.store.transaction(() => {
    if (failure.charged !== 'no') {
      bindings.settle(intent.id, { state: 'unknown', error: failure.message });
      return;
    }
    releaseHold(core, { id: intent.id, workspace: workspace.name });
    if (wasRefused(failure)) bindings.settle(intent.id, { state: 'failed', error: failure.message });
    else bindings.withdraw(intent.id);
    // A creation that came to nothing holds no slot and no handle, unless another call makes it elsewhere meanwhile.
    const now = characters.byId(workspace.name, intent.characterId);
    const elsewhere = now?.bindings.some((each) => each.backend !== intent.backend);
    if (!existing && !elsewhere) characters.remove(workspace.name, intent.characterId);
  });
}

/** The upstream itself said no, for good: that is worth remembering. Else nothing was sent, or not to be taken now. */
function wasRefused(failure: SoraError): boolean {
  return failure.details?.status !== undefined && !failure.retryable;
}

function lost(error: unknown): SoraError {
  return new SoraError({
    code: 'answer_lost',
    charged: 'unknown',
    message: 'the create ended in an unforeseen way',
    cause: error,
  });
}

export function publish(core: Core, workspace: Pick<Workspace, 'name'>, handle: string, listChanged: boolean): void {
  core.changes.publish(workspace.name, { kind: 'catalog', handle, listChanged });
}

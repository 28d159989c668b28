import type { CreateCharacter, RemoteCharacter } from '../backends/backend.ts';
import { type Binding, bindingOn, type Character, type CharacterSource } from '../domain/character.ts';
import { SoraError } from '../domain/errors.ts';
import { fromUsd, type MicroUsd } from '../domain/money.ts';
import type { Task } from '../domain/task.ts';
import type { MediaSource } from '../domain/video.ts';
import type { BindingIntent } from '../store/bindings.ts';
import { backendNamed, type Core, type WatchedBackend, type Workspace } from './core.ts';
import { hold, releaseHold, settle } from './money.ts';
import { persist } from './persist.ts';
import type { CreateCharacterInput, RequestContext } from './services.ts';

/** A create that its process did not see through is given up for lost after this. */
export const LOST_AFTER_MS = 180_000;

export interface Draft {
  readonly handle: string;
  readonly name: string;
  readonly description: string;
  readonly source: CharacterSource;
}

interface Wish {
  readonly wanted: string | undefined;
  readonly existing: Character | undefined;
  readonly source: CharacterSource;
}

/** The backend on which a character is to be made: the wanted one, else where it is cheapest. */
export function bindingBackend(core: Core, wish: Wish): WatchedBackend {
  const makers = [...core.backends.values()].filter((backend) => backend.profile.capabilities.createCharacter);
  const ids = makers.map((backend) => backend.profile.id);
  const instead = ids.length > 0 ? `These do: ${ids.join(', ')}.` : 'No configured backend does.';
  if (wish.wanted !== undefined) {
    const backend = backendNamed(core, wish.wanted);
    if (!makers.includes(backend)) throw cannotMake(`${wish.wanted} makes no characters`, instead);
    refuseUnfit(backend, wish.source);
    refuseTaken(wish.existing, backend);
    return backend;
  }
  const fitting = makers
    .filter((backend) => backend.health().state === 'up' && !backend.profile.retired && takes(backend, wish.source))
    .sort((a, b) => rank(a) - rank(b) || b.profile.weight - a.profile.weight);
  const [best] = fitting;
  if (!best) {
    if (makers.length > 0 && wish.source.kind === 'file') makers.map((backend) => refuseUnfit(backend, wish.source));
    throw cannotMake('no configured backend can make this character now', instead);
  }
  refuseTaken(wish.existing, best);
  return best;
}

function rank(backend: WatchedBackend): number {
  return (backend.profile.characterUsd ?? 1e6) * 10 + (backend.profile.route === 'reverse' ? 0 : 1);
}

function takes(backend: WatchedBackend, source: CharacterSource): boolean {
  return source.kind !== 'file' || backend.profile.capabilities.characterUpload;
}

function refuseUnfit(backend: WatchedBackend, source: CharacterSource): void {
  if (takes(backend, source)) return;
  throw new SoraError({
    code: 'not_supported',
    field: 'file_path',
    message: `${backend.profile.id} fetches the clip itself and takes no files`,
    hint: 'Give video_url: an address that the upstream can reach.',
  });
}

function cannotMake(message: string, hint: string): SoraError {
  return new SoraError({ code: 'not_supported', field: 'backend', message, hint });
}

/** The task's own backend: a job can be cut out only where it was made. */
export function extractionBackend(core: Core, task: Task, existing: Character | undefined): WatchedBackend {
  if (task.state !== 'completed' || task.remoteId === undefined) {
    throw new SoraError({
      code: 'invalid_argument',
      field: 'task_id',
      message: `${task.id} is ${task.state}; a character is extracted from a completed video`,
      hint: 'Wait for it with get_task, or choose another task.',
    });
  }
  const backend = backendNamed(core, task.backend);
  if (!backend.extractCharacter) {
    const able = [...core.backends.values()].filter((each) => each.extractCharacter).map((each) => each.profile.id);
    const byFile = task.filePath ? ` Or use create_character with file_path ${task.filePath}.` : '';
    throw new SoraError({
      code: 'not_supported',
      field: 'task_id',
      message: `${backend.profile.id}, where ${task.id} was made, does not extract characters`,
      hint: `${able.length > 0 ? `These do, from their own videos: ${able.join(', ')}.` : 'No configured backend does.'}${byFile}`,
    });
  }
  refuseTaken(existing, backend);
  return backend;
}

function refuseTaken(existing: Character | undefined, backend: WatchedBackend): void {
  const binding = existing && bindingOn(existing, backend.profile.id);
  if (!existing || !binding || binding.state === 'failed') return;
  if (binding.state === 'ready') {
    throw new SoraError({
      code: 'handle_taken',
      field: 'handle',
      message: `@${existing.handle} exists on ${backend.profile.id} already`,
      hint: `Use it as @${existing.handle}, or pass another handle, e.g. ${existing.handle}_2.`,
    });
  }
  throw notReady(existing, binding);
}

function notReady(character: Character, binding: Binding): SoraError {
  const lost = binding.state === 'unknown';
  return new SoraError({
    code: 'character_not_ready',
    field: 'handle',
    message: lost
      ? `whether @${character.handle} was made on ${binding.backend} is not known: the answer was lost`
      : `@${character.handle} is being made on ${binding.backend}`,
    hint: lost
      ? 'Do not create it again blindly: list_characters with refresh: true looks for it.'
      : 'Try again in a minute.',
    retryable: !lost,
    charged: lost ? 'unknown' : 'no',
  });
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
  const { existing, draft } = making;
  const send = await sendingOf(core, workspace, making);
  const intent = await persist(() => intend(core, workspace, making, send.price));
  core.reached('character:intent-written');
  let remote: RemoteCharacter;
  try {
    remote = await send.call(intent.sendKey);
  } catch (error) {
    const failure = error instanceof SoraError ? error : lost(error);
    await persist(() => failed(core, workspace, intent, existing, failure));
    publish(core, workspace, draft.handle, existing === undefined);
    throw failure;
  }
  core.reached('character:answered');
  await persist(() => settleReady(core, workspace, intent, remote, draft.name));
  core.reached('character:bound');
  publish(core, workspace, draft.handle, existing === undefined);
  const made = core.store.characters.byId(workspace.name, intent.characterId);
  if (made) return made;
  throw new SoraError({ code: 'not_found', message: `@${draft.handle} is no longer in the catalog` });
}

interface Sending {
  readonly price: MicroUsd | undefined;
  readonly call: (sendKey: string) => Promise<RemoteCharacter>;
}

async function sendingOf(
  core: Core,
  workspace: Workspace,
  { backend, draft, input, context }: Making,
): Promise<Sending> {
  const { source } = draft;
  const span = { startSeconds: input.startSeconds, endSeconds: input.endSeconds };
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
  if (media.kind === 'file') {
    const { checkSourceClip } = await import('./source-clip.ts');
    await checkSourceClip(media.path, backend.profile, span);
  }
  const request: Omit<CreateCharacter, 'idempotencyKey'> = { ...facts, source: media };
  // The create is not cut off when the caller leaves: its answer is worth money.
  return { price, call: (idempotencyKey) => backend.createCharacter!({ ...request, idempotencyKey }) };
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
    if (existing) core.store.characters.update(name, id, { source: draft.source });
    else core.store.characters.insert({ id, workspace: name, ...draft, createdAt: now, updatedAt: now });
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

function failed(
  core: Core,
  workspace: Workspace,
  intent: BindingIntent,
  existing: Character | undefined,
  failure: SoraError,
): void {
  core.store.transaction(() => {
    if (failure.charged !== 'no') {
      core.store.bindings.settle(intent.id, { state: 'unknown', error: failure.message });
      return;
    }
    releaseHold(core, { id: intent.id, workspace: workspace.name });
    core.store.bindings.settle(intent.id, { state: 'failed', error: failure.message });
    // A refused creation holds no slot and no handle.
    if (!existing) core.store.characters.remove(workspace.name, intent.characterId);
  });
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

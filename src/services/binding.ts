import type { CallContext, CreateCharacter, RemoteCharacter } from '../backends/backend.ts';
import { type Character, type CharacterSource, type ClipSpan, spanIn } from '../domain/character.ts';
import { SoraError } from '../domain/errors.ts';
import { fromUsd, type MicroUsd } from '../domain/money.ts';
import type { MediaSource } from '../domain/video.ts';
import type { BindingIntent } from '../store/bindings.ts';
import { agree, refuseAbandoned } from './agreement.ts';
import { inAnswerTime } from './answer-time.ts';
import { cannotMake } from './binding-choice.ts';
import { inWordsOfCharacters } from './binding-failure.ts';
import { type Before, settleFailed, settlePending, settleReady } from './binding-outcome.ts';
import type { Core, WatchedBackend, Workspace } from './core.ts';
import { lengthOf } from './length.ts';
import { hold } from './money.ts';
import { persist, persistSurely } from './persist.ts';
import type { CreateCharacterInput, RequestContext } from './services.ts';
import { checkSpan, spanToSend } from './source-clip.ts';

/** A create that its process did not see through is given up for lost after this. */
export const LOST_AFTER_MS = 180_000;

export interface Draft {
  readonly handle: string;
  readonly name: string;
  readonly description: string;
  readonly source: CharacterSource;
}

export interface Making {
  readonly backend: WatchedBackend;
  readonly existing: Character | undefined;
  readonly draft: Draft;
  readonly input: Pick<CreateCharacterInput, 'startSeconds' | 'endSeconds' | 'confirm'>;
  readonly context: RequestContext;
}

/**
 * Makes the character on the backend, its intent written first, and keeps the binding. One that takes longer than a
 * caller waits is told as it stands, and made to the end.
 */
export async function bindCharacter(core: Core, workspace: Workspace, making: Making): Promise<Character> {
  const { existing, draft } = making;
  const send = await sendingOf(core, workspace, making);
  let intent: BindingIntent;
  try {
    await agreeOn(core, workspace, making, send.price);
    refuseAbandoned(making.context);
    core.reached('character:intending');
    intent = await persist(() => intend(core, workspace, making, send.price));
  } catch (error) {
    await send.done?.();
    throw error;
  }
  const before = { existing, told: false };
  const work = make(core, making, intent, send, before).finally(() => send.done?.());
  const made = await inAnswerTime(core.leases.during(intent.id, work), (error) =>
    core.log(`@${draft.handle} on ${intent.backend}: ${String(error)}`),
  );
  if (made) return made;
  before.told = true;
  publish(core, workspace, draft.handle, existing === undefined);
  return characterOf(core, intent, draft);
}

/** A yes needs no key of its own: a handle has one character on a backend, however often the yes is sent. */
async function agreeOn(core: Core, workspace: Workspace, making: Making, price: MicroUsd | undefined): Promise<void> {
  const { backend, draft, input, context } = making;
  const { id } = backend.profile;
  const facts = ['character', id, draft.handle, draft.name, draft.description, draft.source, partOf(making)];
  await agree(core, workspace, {
    what: `the character ${JSON.stringify(draft.name)} (@${draft.handle}) on ${id}`,
    price,
    excerpt: draft.description,
    fingerprint: JSON.stringify(facts),
    token: input.confirm,
    context,
  });
}

async function make(
  core: Core,
  { existing, draft }: Making,
  intent: BindingIntent,
  send: Sending,
  before: Before,
): Promise<Character> {
  const workspace = { name: intent.workspace };
  core.reached('character:intent-written');
  let remote: RemoteCharacter;
  try {
    remote = await send.call(intent.sendKey, { sending: () => mustBeOpen(core, intent) });
  } catch (error) {
    const failure = inWordsOfCharacters(error instanceof SoraError ? error : lost(error), intent);
    core.reached('character:refused');
    await persistSurely(core.log, `@${draft.handle} was not made`, () => settleFailed(core, intent, before, failure));
    core.reached('character:refusal-written');
    publish(core, workspace, draft.handle, existing === undefined);
    throw failure;
  }
  core.reached('character:answered');
  if (remote.state === 'pending') return await makingByTask(core, { existing, draft }, intent, remote.remoteId);
  const what = `@${draft.handle} is character ${remote.remoteId} of ${intent.backend}`;
  await persistSurely(core.log, what, () => settleReady(core, intent, remote, draft.name));
  core.reached('character:bound');
  publish(core, workspace, draft.handle, existing === undefined);
  return (
    core.store.characters.byRemoteId(intent.workspace, remote.remoteId, intent.backend) ??
    characterOf(core, intent, draft)
  );
}

/** Its task is followed from now on, also by other processes. Where it cannot be, the caller is told. */
async function makingByTask(
  core: Core,
  { existing, draft }: Pick<Making, 'existing' | 'draft'>,
  intent: BindingIntent,
  remoteTaskId: string,
): Promise<Character> {
  const what = `@${draft.handle} is made by task ${remoteTaskId} of ${intent.backend}`;
  const trouble = await persistSurely(core.log, what, () => settlePending(core, intent, remoteTaskId, draft.name));
  core.reached('character:task-written');
  publish(core, { name: intent.workspace }, draft.handle, existing === undefined);
  if (trouble === undefined) return characterOf(core, intent, draft);
  const lists = core.backends.get(intent.backend)?.listCharacters !== undefined;
  throw new SoraError({
    code: 'character_not_ready',
    field: 'handle',
    message: `whether @${draft.handle} becomes ready cannot be told: ${trouble}`,
    hint: `Do not create it again there${intent.quoted === 0 ? '' : ': it may be paid for'}.${lists ? ' It is looked for in its list (list_characters with refresh: true looks now).' : ' Only the operator can help: the dialect needs a getCharacter operation.'}`,
    charged: 'unknown',
  });
}

/** Others take it for lost when its lease lapses: a clock is set, a process sleeps. Then nothing leaves any more. */
function mustBeOpen(core: Core, { id }: BindingIntent): void {
  if (core.store.bindings.byId(id)?.state === 'submitting') return;
  throw new SoraError({
    code: 'cancelled',
    message: 'the create was given up before it was sent',
    hint: 'Nothing was sent and nothing was charged. Ask again.',
    retryable: true,
  });
}

function characterOf(core: Core, intent: BindingIntent, draft: Draft): Character {
  const character = core.store.characters.byId(intent.workspace, intent.characterId);
  if (character) return character;
  throw new SoraError({ code: 'not_found', message: `@${draft.handle} is no longer in the catalog` });
}

interface Sending {
  readonly price: MicroUsd | undefined;
  readonly call: (sendKey: string, context: CallContext) => Promise<RemoteCharacter>;
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
  const facts = { name: draft.name, description: draft.description };
  // Neither create is cut off when the caller leaves: its answer is worth money.
  const extract =
    source.kind === 'task' && source.backend === backend.profile.id ? backend.extractCharacter : undefined;
  if (extract && source.kind === 'task') {
    const task = core.store.tasks.byId(source.taskId, workspace.name);
    const length = task && lengthOf(core, task);
    const part = length === undefined ? span : spanToSend(backend.profile, span, length);
    const request = { ...facts, ...part, remoteTaskId: source.remoteId };
    return { price, call: (key, context) => extract.call(backend, { ...request, idempotencyKey: key }, context) };
  }
  const media = mediaOf(core, workspace, source, backend);
  const { clipToSend } = await import('./character-clip.ts');
  const clip = await clipToSend(core, backend.profile, media, span, context.signal);
  const request: Omit<CreateCharacter, 'idempotencyKey'> = { ...facts, ...clip.span, source: clip.media };
  const call: Sending['call'] = (key, context) =>
    backend.createCharacter!({ ...request, idempotencyKey: key }, context);
  return { price, call, done: clip.done };
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
    source: existing && draft.source !== existing.source ? draft.source : undefined,
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

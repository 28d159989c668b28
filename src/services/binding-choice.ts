import { type Binding, bindingOn, type Character, type CharacterSource, type ClipSpan } from '../domain/character.ts';
import { SoraError } from '../domain/errors.ts';
import type { Capabilities } from '../domain/models.ts';
import type { Task } from '../domain/task.ts';
import type { Candidate } from '../routing/decision.ts';
import { route } from '../routing/router.ts';
import { backendNamed, type Core, type WatchedBackend } from './core.ts';
import { lengthOf } from './length.ts';
import { rangeOf } from './source-clip.ts';

interface Wish {
  readonly wanted: string | undefined;
  readonly existing: Character | undefined;
  readonly source: CharacterSource;
  readonly span: ClipSpan;
}

/** The backend on which a character is to be made: the wanted one, else where it is cheapest. */
export function bindingBackend(core: Core, wish: Wish): WatchedBackend {
  const makers = [...core.backends.values()].filter((backend) => backend.profile.capabilities.createCharacter);
  const backend = wish.wanted === undefined ? cheapest(core, makers, wish) : named(core, makers, wish, wish.wanted);
  refuseUnfit(backend, wish.source);
  refuseTaken(wish.existing, backend);
  return backend;
}

function named(core: Core, makers: readonly WatchedBackend[], wish: Wish, wanted: string): WatchedBackend {
  const backend = backendNamed(core, wanted);
  const able = makers.filter((each) => each === backend || (takes(each, wish.source) && isFree(wish.existing, each)));
  if (!makers.includes(backend)) throw cannotMake(`${wanted} makes no characters`, othersThatDo(core, makers, able));
  askable(core, able, wanted);
  return backend;
}

function cheapest(core: Core, makers: readonly WatchedBackend[], { source, span }: Wish): WatchedBackend {
  if (makers.length === 0) {
    throw cannotMake('no configured backend makes characters', 'sora://backends tells what each can do.');
  }
  const [best] = askable(core, makers).sort(
    (a, b) =>
      unfit(a, source) - unfit(b, source) ||
      unproven(a) - unproven(b) ||
      unspanned(a, span) - unspanned(b, span) ||
      rank(a) - rank(b) ||
      b.profile.weight - a.profile.weight,
  );
  return best!;
}

function othersThatDo(core: Core, makers: readonly WatchedBackend[], able: readonly WatchedBackend[]): string {
  if (makers.length === 0) return 'No configured backend does.';
  const ids = living(core, able).map((backend) => backend.profile.id);
  return ids.length > 0 ? `These do: ${ids.join(', ')}.` : 'None that does can make this one now.';
}

/** Those that can be asked now. Throws what a video would be told there: where none can, or not the wanted one. */
function askable(core: Core, backends: readonly WatchedBackend[], wanted?: string): WatchedBackend[] {
  const request = { characters: [], priority: 'cost', backend: wanted } as const;
  const { choices } = route(request, backends.map(withoutModels), core.clock());
  const ids = new Set(choices.map((choice) => choice.backend));
  return backends.filter((backend) => ids.has(backend.profile.id));
}

/** A character is made with no model, so none that is gone stands in its way. */
function withoutModels(backend: WatchedBackend): Candidate {
  const { profile } = backend;
  return { profile: { ...profile, models: [] }, health: { ...backend.health(), goneModels: {} } };
}

function living(core: Core, backends: readonly WatchedBackend[]): WatchedBackend[] {
  try {
    return askable(core, backends);
  } catch (error) {
    if (error instanceof SoraError) return [];
    throw error;
  }
}

function unfit(backend: WatchedBackend, source: CharacterSource): number {
  return takes(backend, source) ? 0 : 1;
}

/** It was down, and is tried again. */
function unproven(backend: WatchedBackend): number {
  return backend.health().state === 'up' ? 0 : 1;
}

function rank(backend: WatchedBackend): number {
  return (backend.profile.characterUsd ?? 1e6) * 10 + (backend.profile.route === 'reverse' ? 0 : 1);
}

/** One that can be told the part of the clip goes before one that takes it whole, and would refuse. */
function unspanned(backend: WatchedBackend, { startSeconds, endSeconds }: ClipSpan): number {
  const asked = startSeconds !== undefined || endSeconds !== undefined;
  return asked && !backend.profile.capabilities.characterRange ? 1 : 0;
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

export function cannotMake(message: string, hint: string): SoraError {
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
    const extractors = [...core.backends.values()].filter((each) => each.extractCharacter);
    const able = living(core, extractors).map((each) => each.profile.id);
    const none = extractors.length > 0 ? 'None that does can be asked now.' : 'No configured backend does.';
    throw new SoraError({
      code: 'not_supported',
      field: 'task_id',
      message: `${backend.profile.id}, where ${task.id} was made, does not extract characters`,
      hint: `${able.length > 0 ? `These do, from their own videos: ${able.join(', ')}.` : none}${clipAdvice(core, task)}`,
    });
  }
  askable(core, [backend]);
  refuseTaken(existing, backend);
  return backend;
}

/** How a character can be made of a task's clip all the same: of a file only where this server reads the callers' files. */
function clipAdvice(core: Core, task: Task): string {
  const { workspace, filePath, videoUrl, videoUrlExpiresAt } = task;
  const seconds = lengthOf(core, task);
  const makers = living(core, [...core.backends.values()])
    .map(({ profile }) => profile.capabilities)
    .filter((each) => each.createCharacter);
  const fits = ({ characterClipSeconds: limits, characterRange }: Capabilities) =>
    !limits || (seconds >= limits[0] && (seconds <= limits[1] || characterRange === true));
  const uploads = makers.filter((each) => each.characterUpload);
  const file = core.workspace(workspace).inputDirs.length > 0 ? filePath : undefined;
  if (file && uploads.some(fits)) return ` Or use create_character with file_path ${file}.`;
  const lives = videoUrlExpiresAt === undefined || videoUrlExpiresAt > core.clock();
  const fetches = makers.filter((each) => !each.characterUpload || each.characterFetch);
  if (videoUrl && lives && fetches.some(fits)) return ` Or use create_character with video_url ${videoUrl}.`;
  const limits = uploads.flatMap(({ characterClipSeconds }) => (characterClipSeconds ? [characterClipSeconds] : []))[0];
  if (!file || !limits || seconds < limits[1]) return '';
  return ` Or cut ${rangeOf(limits)} out of ${file}, and use create_character with that as file_path.`;
}

function isFree(existing: Character | undefined, backend: WatchedBackend): boolean {
  const binding = existing && bindingOn(existing, backend.profile.id);
  return !binding || binding.state === 'failed';
}

function refuseTaken(existing: Character | undefined, backend: WatchedBackend): void {
  const binding = existing && bindingOn(existing, backend.profile.id);
  if (!existing || !binding || isFree(existing, backend)) return;
  if (binding.state === 'ready') throw handleTaken(existing, `exists on ${backend.profile.id} already`);
  throw notReady(existing, binding);
}

export function handleTaken({ handle }: Character, how: string): SoraError {
  return new SoraError({
    code: 'handle_taken',
    field: 'handle',
    message: `@${handle} ${how}`,
    hint: `Use it as @${handle}, or pass another handle, e.g. ${handle}_2.`,
  });
}

function notReady(character: Character, binding: Binding): SoraError {
  const lost = binding.state === 'unknown';
  return new SoraError({
    code: 'character_not_ready',
    field: 'handle',
    message: lost
      ? `whether @${character.handle} was made on ${binding.backend} is not known: ${binding.error ?? 'the answer was lost'}`
      : `@${character.handle} is being made on ${binding.backend}`,
    hint: lost
      ? 'Do not create it again blindly. It is looked for where the backend can list characters (list_characters with refresh: true looks now); another handle can be used meanwhile.'
      : 'Try again in a minute.',
    retryable: !lost,
    charged: lost ? 'unknown' : 'no',
  });
}

import { type Binding, bindingOn, type Character, type CharacterSource, type ClipSpan } from '../domain/character.ts';
import { SoraError } from '../domain/errors.ts';
import type { Capabilities } from '../domain/models.ts';
import type { Task } from '../domain/task.ts';
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
    .sort(
      (a, b) =>
        unspanned(a, wish.span) - unspanned(b, wish.span) || rank(a) - rank(b) || b.profile.weight - a.profile.weight,
    );
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
    const able = [...core.backends.values()].filter((each) => each.extractCharacter).map((each) => each.profile.id);
    throw new SoraError({
      code: 'not_supported',
      field: 'task_id',
      message: `${backend.profile.id}, where ${task.id} was made, does not extract characters`,
      hint: `${able.length > 0 ? `These do, from their own videos: ${able.join(', ')}.` : 'No configured backend does.'}${clipAdvice(core, task)}`,
    });
  }
  refuseTaken(existing, backend);
  return backend;
}

/** How a character can be made of a task's clip all the same: of a file only where this server reads the callers' files. */
function clipAdvice(core: Core, task: Task): string {
  const { workspace, filePath, videoUrl, videoUrlExpiresAt } = task;
  const seconds = lengthOf(core, task);
  const makers = [...core.backends.values()]
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

function refuseTaken(existing: Character | undefined, backend: WatchedBackend): void {
  const binding = existing && bindingOn(existing, backend.profile.id);
  if (!existing || !binding || binding.state === 'failed') return;
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

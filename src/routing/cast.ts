import { bindingOn, type Character, readyOn, spanIn } from '../domain/character.ts';
import type { BackendProfile } from '../domain/models.ts';
import type { CharacterMode, Refusal, RouteRequest } from './decision.ts';

/** How the request's characters would get into a video of one backend. */
export interface CharacterFit {
  readonly characterMode: CharacterMode;
  readonly characterVideoUrl?: string | undefined;
}

/** One vendor's own test, face likeness of 100: worth naming as that, no more. */
const LIKENESS = 'in one vendor’s test faces scored 65 of 100 this way and 92 with a character id';

export function fitCharacters(request: RouteRequest, profile: BackendProfile): CharacterFit | Refusal {
  const characters = distinct(request.characters);
  const { maxCharacters, referenceVideo } = profile.capabilities;
  if (characters.length === 0) return { characterMode: 'none' };
  const unbound = maxCharacters === 0 ? characters : characters.filter((each) => !readyOn(each, profile.id));
  if (unbound.length === 0 && characters.length <= maxCharacters) return { characterMode: 'bound' };
  const stand = (character: Character) => sourceUrl(request, character);
  if (referenceVideo && !request.referenceVideo && characters.length === 1 && stand(characters[0]!)) {
    return { characterMode: 'reference_video', characterVideoUrl: stand(characters[0]!) };
  }
  const refusal = { backend: profile.id, field: 'characters' };
  if (maxCharacters > 0 && characters.length > maxCharacters) {
    const reason = `It takes at most ${count(maxCharacters)} in one video, and ${characters.length} are asked for.`;
    return { ...refusal, code: 'limit_exceeded', reason, details: { max_characters: maxCharacters } };
  }
  if (referenceVideo && maxCharacters === 0 && characters.length > 1) {
    const reason = `It has no characters; a reference video stands in for one only, and ${characters.length} are asked for.`;
    return { ...refusal, code: 'limit_exceeded', reason, details: { max_characters: 1 } };
  }
  if (maxCharacters === 0)
    return { ...refusal, code: 'not_supported', reason: noStandIn(request, profile, characters) };
  return { ...refusal, code: 'character_not_ready', ...notReady(request, unbound, profile) };
}

function noStandIn(request: RouteRequest, profile: BackendProfile, characters: readonly Character[]): string {
  if (!profile.capabilities.referenceVideo) return 'It has no characters.';
  if (request.referenceVideo) return 'It has no characters, and its one reference video is already given.';
  return `It has no characters, and @${characters[0]?.handle} has no source video address to send instead.`;
}

function notReady(
  request: RouteRequest,
  unbound: readonly Character[],
  profile: BackendProfile,
): Pick<Refusal, 'reason' | 'hint'> {
  const [first] = unbound as [Character];
  const binding = bindingOn(first, profile.id);
  const state = binding?.state;
  switch (state) {
    case 'submitting':
      return { reason: `@${first.handle} is still being made there.`, hint: 'Try again in a few seconds.' };
    case 'unknown':
      return {
        reason: `Whether @${first.handle} was made there is not known: ${binding?.error ?? 'the answer was lost'}.`,
        hint: 'list_characters with refresh: true may find it; do not create it again blindly.',
      };
    case 'failed': {
      const why = binding?.error ? `: ${binding.error}` : '';
      return { reason: `Making @${first.handle} there failed${why}.`, hint: howToBind(request, first, profile) };
    }
    case 'ready':
    case undefined: {
      const names = unbound.map((each) => `@${each.handle}`).join(', ');
      return {
        reason: `${names} ${unbound.length > 1 ? 'are' : 'is'} not bound there.`,
        hint: howToBind(request, first, profile),
      };
    }
    default:
      return state satisfies never;
  }
}

/** How a character that exists elsewhere gets onto a backend too. */
function howToBind(request: RouteRequest, character: Character, profile: BackendProfile): string {
  const { createCharacter, characterUpload } = profile.capabilities;
  const call = `create_character with handle "${character.handle}" and backend "${profile.id}"`;
  if (canBind(character, profile, request)) {
    return `${call} binds it there${profile.characterUsd === 0 ? ', free' : ''}.`;
  }
  const cannot = `@${character.handle} cannot be made on ${profile.id}`;
  if (!createCharacter) return `${cannot}.`;
  return `${cannot} from what is kept of it; ${call} can, given a video_url${characterUpload ? ' or file_path' : ''}.`;
}

/** Whether what was kept of the character's look can reach the backend. A finished task's link must be known to live. */
export function canBind(character: Character, profile: BackendProfile, request?: RouteRequest): boolean {
  const { createCharacter, extractCharacter, characterUpload } = profile.capabilities;
  const { source } = character;
  if (!createCharacter) return false;
  switch (source.kind) {
    case 'video_url':
      return true;
    case 'file':
      return characterUpload;
    case 'task': {
      const isHome = extractCharacter && source.backend === profile.id;
      return isHome || characterUpload || request?.sourceUrls?.[character.id] !== undefined;
    }
    case 'adopted':
      return false;
    default:
      return source satisfies never;
  }
}

/** The URL that can stand in for a character where it has no id. */
function sourceUrl(request: RouteRequest, character: Character): string | undefined {
  const known = request.sourceUrls;
  if (known && Object.hasOwn(known, character.id)) return known[character.id];
  return character.source.kind === 'video_url' ? character.source.url : undefined;
}

export function distinct(characters: readonly Character[]): Character[] {
  return [...new Map(characters.map((character) => [character.id, character])).values()];
}

/** Why the characters speak for this backend. `others`: the ids of the other configured backends. */
export function castReason(
  request: RouteRequest,
  profile: BackendProfile,
  mode: CharacterMode,
  others: readonly string[],
): string | undefined {
  const characters = distinct(request.characters);
  const names = characters.map((each) => `@${each.handle}`).join(', ');
  switch (mode) {
    case 'none':
      return undefined;
    case 'reference_video': {
      const whole = spanIn(characters[0]?.source) && !profile.capabilities.referenceRange ? ', whole' : '';
      return `${names} has no id on ${profile.id}: its source video goes along as a reference${whole}, which keeps the look less well (${LIKENESS}).`;
    }
    case 'bound': {
      const elsewhere = others.some((id) => characters.every((each) => readyOn(each, id)));
      if (elsewhere) return undefined;
      const verb = characters.length > 1 ? 'exist together' : 'exists';
      return `${names} ${verb} only on ${profile.id}, and characters cannot be moved between backends.`;
    }
    default:
      return mode satisfies never;
  }
}

function count(characters: number): string {
  return characters === 1 ? '1 character' : `${characters} characters`;
}

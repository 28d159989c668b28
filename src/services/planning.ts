import type { CharacterInVideo } from '../backends/backend.ts';
import { bindingOn, type Character, spanIn } from '../domain/character.ts';
import { invalid, SoraError } from '../domain/errors.ts';
import {
  mentionedCharacters,
  type PromptStyle,
  parsePrompt,
  readAsMention,
  renderPrompt,
  type Segment,
} from '../domain/mentions.ts';
import type { Task, VideoRequest } from '../domain/task.ts';
import { MAX_PROMPT_LENGTH, type MediaSource, type Size } from '../domain/video.ts';
import type { CharacterMode, Choice } from '../routing/decision.ts';
import type { Core } from './core.ts';
import { findCharacter } from './lookup.ts';
import type { Plan } from './plan.ts';
import { sourceUrlsOf } from './request.ts';

/** The request's characters as they now stand in the catalog. Throws when one is gone. */
export function castOf(core: Core, workspace: string, request: VideoRequest): Character[] {
  return request.characterIds.map((id) => {
    const character = findCharacter(core, workspace, id);
    if (character) return character;
    throw new SoraError({
      code: 'not_found',
      field: 'characters',
      message: `the character ${id} is no longer in the catalog`,
    });
  });
}

interface Pictures {
  /** One that was fitted before will do. */
  readonly kept?: boolean | undefined;
  /** Ends the fetching of one. */
  readonly signal?: AbortSignal | undefined;
}

/** Turns a router's choice into what is sent there: mentions in the backend's words, ids, reference media. */
export async function planOf(
  core: Core,
  workspace: string,
  request: VideoRequest,
  choice: Choice,
  pictures: Pictures = {},
): Promise<Plan> {
  const cast = castOf(core, workspace, request);
  const substitute = choice.characterMode === 'reference_video';
  return {
    backend: choice.backend,
    route: choice.route,
    model: choice.model,
    seconds: choice.seconds,
    size: choice.size,
    quote: choice.quote,
    reasons: choice.reasons,
    sentPrompt: promptFor(core, workspace, request, cast, choice),
    characters: choice.characterMode === 'bound' ? cast.map((each) => inVideo(each, choice.backend)) : [],
    referenceImage: await imageFor(core, request.referenceImage, choice.size, pictures),
    referenceVideo: substitute ? choice.characterVideoUrl : request.referenceVideo,
    referenceSpan: substitute ? spanIn(cast[0]?.source) : undefined,
    influenceStrength: request.influenceStrength ?? (substitute ? DEFAULT_INFLUENCE : undefined),
  };
}

/** The seed document's own example value for keeping a character's look. */
const DEFAULT_INFLUENCE = 0.8;

/** The plan of a task that was reserved earlier, for its own backend. */
export async function planAgain(core: Core, task: Task): Promise<Plan> {
  if (task.kind !== 'video') return revisionPlan(core, task);
  const cast = castOf(core, task.workspace, task.request);
  const bound = cast.length > 0 && cast.every((each) => bindingOn(each, task.backend)?.state === 'ready');
  const mode: CharacterMode = cast.length === 0 ? 'none' : bound ? 'bound' : 'reference_video';
  const [first] = cast;
  const choice: Choice = {
    ...task,
    quote: task.quoted,
    characterMode: mode,
    characterVideoUrl: first && standInOf(core, task, first),
  };
  const plan = await planOf(core, task.workspace, task.request, choice, { kept: true });
  return { ...plan, sentPrompt: task.sentPrompt };
}

function revisionPlan(core: Core, task: Task): Plan {
  const parent = task.parentId === undefined ? undefined : core.store.tasks.byId(task.parentId, task.workspace);
  if (parent?.remoteId === undefined || task.kind === 'video') {
    throw new SoraError({ code: 'not_found', message: 'the video that was to be revised is gone' });
  }
  return {
    ...task,
    quote: task.quoted,
    characters: [],
    revision: { mode: task.kind, remoteTaskId: parent.remoteId, seconds: task.seconds },
  };
}

function standInOf(core: Core, task: Task, character: Character): string | undefined {
  const own = character.source.kind === 'video_url' ? character.source.url : undefined;
  return own ?? sourceUrlsOf(core, task.workspace, task.request)[character.id];
}

/** The prompt in the backend's own words for the characters. */
export function promptFor(
  core: Core,
  workspace: string,
  request: Pick<VideoRequest, 'prompt'>,
  cast: readonly Character[],
  choice: Pick<Choice, 'backend' | 'route' | 'characterMode'>,
): string {
  const byMode: PromptStyle =
    choice.characterMode === 'bound' && choice.route === 'reverse'
      ? { kind: 'mention', textFor: (each) => bindingOn(each, choice.backend)?.mention ?? each.name }
      : { kind: 'name', textFor: (each) => bindingOn(each, choice.backend)?.remoteName ?? each.name };
  const segments = parsePrompt(request.prompt, (reference) => findCharacter(core, workspace, reference));
  const names = byMode.kind === 'name' ? cast.map(byMode.textFor) : [];
  if (choice.route === 'reverse') refuseOthers(core, workspace, choice.backend, [...names, ...literals(segments)]);
  const mentioned = new Set(mentionedCharacters(segments).map((each) => each.id));
  const sent = renderPrompt(
    segments,
    cast.filter((each) => !mentioned.has(each.id)),
    byMode,
  );
  if (sent.length <= MAX_PROMPT_LENGTH) return sent;
  throw invalid(
    'prompt',
    `with its characters as ${choice.backend} is told them, the prompt has ${sent.length} characters`,
    `Shorten it by ${sent.length - MAX_PROMPT_LENGTH}, or mention characters less often.`,
  );
}

function literals(segments: readonly Segment[]): string[] {
  return segments.flatMap((each) => (each.kind === 'text' ? each.text : each.character ? [] : each.raw));
}

/** The backend's account may serve other workspaces: what it would read as one of their characters is not sent. */
function refuseOthers(core: Core, workspace: string, backend: string, texts: readonly string[]): void {
  const text = texts.filter((each) => each.includes('@')).join('\n');
  if (text === '') return;
  const name = readAsMention(text, core.store.bindings.othersIn(text, backend, workspace));
  if (name === undefined) return;
  throw invalid(
    'prompt',
    `${backend} would read @${name.replace(/^@/, '')} as a character`,
    'Leave out the @: a literal one is no help there.',
  );
}

function inVideo(character: Character, backend: string): CharacterInVideo {
  const binding = bindingOn(character, backend);
  return { remoteId: binding?.remoteId ?? '', name: binding?.remoteName ?? character.name };
}

/** Exactly as large as the video where that is known; else as it is, for the upstream to make of it what it can. */
async function imageFor(
  core: Core,
  reference: string | undefined,
  size: Size | undefined,
  pictures: Pictures,
): Promise<MediaSource | undefined> {
  if (reference === undefined) return undefined;
  if (size === undefined) {
    return /^https?:/i.test(reference) ? { kind: 'url', url: reference } : { kind: 'file', path: reference };
  }
  const { fittedImage } = await import('./reference-image.ts');
  return { kind: 'file', path: await fittedImage(core, reference, size, pictures) };
}

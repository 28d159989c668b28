import { resolve } from 'node:path';
import type { Character } from '../domain/character.ts';
import { invalid } from '../domain/errors.ts';
import { mentionedCharacters, parsePrompt, unknownMention, unknownReferences } from '../domain/mentions.ts';
import type { VideoRequest } from '../domain/task.ts';
import { stripControls } from '../domain/text.ts';
import { MAX_PROMPT_LENGTH, parseHttpUrl, parseSize, type Size } from '../domain/video.ts';
import { backendId, type Core, type Workspace } from './core.ts';
import { allowedFile } from './input-files.ts';
import { findCharacter } from './lookup.ts';
import type { GenerateInput } from './services.ts';

/**
 * Checks what a caller asked for and makes it a request: who appears, what size, which references. Sends nothing. A
 * picture that the request `before` had may be gone by now.
 */
export async function requestOf(
  core: Core,
  workspace: Workspace,
  input: GenerateInput,
  before?: VideoRequest,
): Promise<VideoRequest> {
  const prompt = checkPrompt(input.prompt);
  if (input.size !== undefined && input.aspectRatio !== undefined) {
    throw invalid('aspect_ratio', 'size and aspect_ratio are both given', 'Give one of them.');
  }
  return {
    prompt,
    characterIds: castIn(core, workspace.name, prompt, input.characters ?? []).map((each) => each.id),
    seconds: input.duration,
    size: sizeOf(input.size),
    aspectRatio: input.aspectRatio,
    model: input.model,
    priority: input.priority ?? 'cost',
    backend: backendId(core, input.backend),
    referenceImage: await referenceImageOf(input.referenceImage, workspace, before?.referenceImage),
    referenceVideo: input.referenceVideo && parseHttpUrl('reference_video', input.referenceVideo).href,
    influenceStrength: input.influenceStrength,
  };
}

export function checkPrompt(text: string): string {
  const prompt = stripControls(text).trim();
  if (prompt === '') throw invalid('prompt', 'prompt is empty', 'Describe the video in 1 to 32,000 characters.');
  if (prompt.length > MAX_PROMPT_LENGTH) {
    throw invalid('prompt', `prompt has ${prompt.length} characters`, 'Use at most 32,000.');
  }
  return prompt;
}

export function sizeOf(text: string | undefined): Size | undefined {
  if (text === undefined) return undefined;
  const size = parseSize(text);
  if (size) return size;
  throw invalid(
    'size',
    `size ${JSON.stringify(text.slice(0, 40))} is not WIDTHxHEIGHT`,
    'For example 1280x720 or 720x1280.',
  );
}

/** Everybody in the video: first whom the list names, then whom the prompt mentions, each once. */
export function castIn(
  core: Core,
  workspace: string,
  prompt: string,
  listed: readonly string[],
  field = 'characters',
): Character[] {
  const find = (reference: string) => findCharacter(core, workspace, reference.trim().replace(/^@/, ''));
  const segments = parsePrompt(prompt, find);
  refuseUnknown(core, workspace, unknownReferences(segments), 'prompt');
  const named = listed.map((reference) => ({ reference, character: find(reference) }));
  refuseUnknown(
    core,
    workspace,
    named.filter((each) => each.character === undefined).map((each) => each.reference.replace(/^@/, '')),
    field,
  );
  const all = [...named.flatMap((each) => each.character ?? []), ...mentionedCharacters(segments)];
  return [...new Map(all.map((character) => [character.id, character])).values()];
}

function refuseUnknown(core: Core, workspace: string, references: readonly string[], field: string): void {
  if (references.length === 0) return;
  const near = references.flatMap((reference) => core.store.characters.similarHandles(workspace, reference, 3));
  throw unknownMention(references, near, field);
}

async function referenceImageOf(
  reference: string | undefined,
  workspace: Workspace,
  before: string | undefined,
): Promise<string | undefined> {
  if (reference === undefined) return undefined;
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(reference)) return parseHttpUrl('reference_image', reference).href;
  if (before !== undefined && resolve(reference) === before) return before;
  return await allowedFile('reference_image', reference, workspace.inputDirs);
}

/** Links that can stand in for characters whose source is one of our own finished tasks. */
export function sourceUrlsOf(core: Core, workspace: string, request: VideoRequest): Record<string, string> {
  const urls: Record<string, string> = {};
  for (const id of request.characterIds) {
    const source = findCharacter(core, workspace, id)?.source;
    if (source?.kind !== 'task') continue;
    const task = core.store.tasks.byId(source.taskId, workspace);
    const lives = task?.videoUrlExpiresAt === undefined || task.videoUrlExpiresAt > core.clock();
    if (task?.videoUrl && lives) urls[id] = task.videoUrl;
  }
  return urls;
}

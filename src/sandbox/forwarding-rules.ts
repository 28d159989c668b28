import { MAX_NAME_LENGTH } from '../domain/character.ts';
import { DEFAULT_SECONDS, DEFAULT_SIZE, MAX_PROMPT_LENGTH } from '../domain/video.ts';
import type { Context } from './context.ts';
import type { SandboxCharacter } from './job.ts';
import { imageSize } from './media/read.ts';
import { type Call, isRecord, Refusal } from './wire.ts';

/** The sizes of each model. */
export const MODELS: { readonly [model: string]: readonly string[] } = {
  'sora-2': ['720x1280', '1280x720'],
  'sora-2-pro': ['720x1280', '1280x720', '1024x1792', '1792x1024', '1080x1920', '1920x1080'],
};
const LENGTHS = ['4', '8', '12', '16', '20'];
/** `sora-v1` gateways sell other lengths. */
const SORA_V1_LENGTHS = ['4', '8', '10', '12', '15', '25'];
const CREATE_FIELDS = new Set([
  'prompt',
  'model',
  'seconds',
  'size',
  'input_reference',
  'characters',
  'reference_video',
  'influence_strength',
]);
const MAX_CHARACTERS = 2;

export interface CreateOrder {
  readonly prompt: string;
  readonly model: string;
  readonly seconds: number;
  readonly size: string;
  readonly cast: readonly SandboxCharacter[];
}

/** Refuses what the real service refuses, with its envelope; in its order: fields, types, values, then what is referred to. */
export async function readCreate(context: Context, call: Call): Promise<CreateOrder> {
  const { fields } = call;
  const stranger = Object.keys(fields).find((name) => !CREATE_FIELDS.has(name));
  if (stranger) throw new Refusal(400, `Unknown parameter: '${stranger.slice(0, 60)}'.`, 'unknown_parameter', stranger);
  const prompt = readPrompt(fields);
  const model = readText(fields, 'model') ?? 'sora-2';
  const sizes = MODELS[model];
  if (!sizes) {
    throw new Refusal(400, `The requested model '${model.slice(0, 60)}' does not exist.`, 'model_not_found', 'model');
  }
  const lengths = context.settings.accent === 'sora-v1' ? SORA_V1_LENGTHS : LENGTHS;
  const seconds = readSeconds(fields, lengths) ?? DEFAULT_SECONDS;
  const size = readText(fields, 'size') ?? DEFAULT_SIZE;
  if (!sizes.includes(size)) throw invalidValue('size', size, sizes);
  await checkReference(fields.input_reference, size);
  checkReferenceVideo(fields);
  return { prompt, model, seconds, size, cast: readCast(context, fields.characters, prompt) };
}

export function readPrompt(fields: Call['fields']): string {
  const prompt = readText(fields, 'prompt');
  if (prompt === undefined) {
    throw new Refusal(400, "Missing required parameter: 'prompt'.", 'missing_required_parameter', 'prompt');
  }
  const length = Array.from(prompt).length;
  if (prompt.trim() === '') {
    throw new Refusal(400, "Invalid 'prompt': must not be empty.", 'empty_string', 'prompt');
  }
  if (length > MAX_PROMPT_LENGTH) {
    const told = `maximum length ${MAX_PROMPT_LENGTH}, but got a string with length ${length}`;
    throw new Refusal(
      400,
      `Invalid 'prompt': string too long. Expected a string with ${told}.`,
      'string_above_max_length',
      'prompt',
    );
  }
  return prompt;
}

export function readText(fields: Call['fields'], name: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalidType(name, 'a string', value);
  return value;
}

export function readSeconds(fields: Call['fields'], lengths: readonly string[] = LENGTHS): number | undefined {
  const value = fields.seconds;
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalidType('seconds', `one of ${quoted(lengths)}`, value);
  if (!lengths.includes(value)) throw invalidValue('seconds', value, lengths);
  return Number(value);
}

function invalidType(name: string, expected: string, value: unknown): Refusal {
  const got = Array.isArray(value) ? 'an array' : Number.isInteger(value) ? 'an integer' : `a ${typeof value}`;
  return new Refusal(
    400,
    `Invalid type for '${name}': expected ${expected}, but got ${got} instead.`,
    'invalid_type',
    name,
  );
}

function invalidValue(name: string, value: string, allowed: readonly string[]): Refusal {
  const told = `Invalid value: '${value.slice(0, 60)}'. Supported values are: ${quoted(allowed)}.`;
  return new Refusal(400, told, 'invalid_value', name);
}

function quoted(values: readonly string[]): string {
  return values.map((value) => `'${value}'`).join(', ');
}

async function checkReference(reference: unknown, size: string): Promise<void> {
  if (reference === undefined || reference === null) return;
  if (reference instanceof File) {
    const found = imageSize(new Uint8Array(await reference.arrayBuffer()));
    if (!found) throw new Refusal(400, 'Invalid image file.', 'invalid_image', 'input_reference');
    if (`${found.width}x${found.height}` !== size) {
      throw new Refusal(400, 'Inpaint image must match the requested width and height', null, 'input_reference');
    }
    return;
  }
  const given = isRecord(reference) ? ['image_url', 'file_id'].filter((name) => reference[name] !== undefined) : [];
  if (given.length !== 1) {
    const told = "'input_reference' must be a file, or an object with exactly one of 'image_url' and 'file_id'.";
    throw new Refusal(400, told, 'invalid_type', 'input_reference');
  }
}

/** Not OpenAI's: gateways that sell both routes keep a look with these. */
function checkReferenceVideo(fields: Call['fields']): void {
  const video = readText(fields, 'reference_video');
  if (video !== undefined && !/^https?:\/\/./.test(video)) {
    throw new Refusal(400, "'reference_video' must be an http(s) URL.", 'invalid_value', 'reference_video');
  }
  const strength = fields.influence_strength;
  if (strength === undefined || strength === null) return;
  const value = typeof strength === 'string' ? Number(strength) : strength;
  if (typeof value !== 'number' || !(value >= 0 && value <= 1)) {
    throw new Refusal(400, "'influence_strength' must be from 0 to 1.", 'invalid_value', 'influence_strength');
  }
}

function readCast(context: Context, value: unknown, prompt: string): readonly SandboxCharacter[] {
  if (value === undefined || value === null) return [];
  const list = typeof value === 'string' && value.startsWith('[') ? parseList(value) : value;
  if (!Array.isArray(list)) throw invalidType('characters', 'an array', value);
  if (list.length > MAX_CHARACTERS) {
    const told = `Invalid 'characters': array too long. Expected at most ${MAX_CHARACTERS}, but got ${list.length}.`;
    throw new Refusal(400, told, 'array_above_max_length', 'characters');
  }
  return list.map((entry: unknown) => {
    const id = isRecord(entry) ? entry.id : undefined;
    if (typeof id !== 'string') throw invalidType('characters', 'objects with an id', entry);
    const character = context.state.character(id);
    if (character?.accent !== 'forwarding') {
      throw new Refusal(400, `Character '${id.slice(0, 80)}' not found.`, 'character_not_found', 'characters');
    }
    if (!prompt.includes(character.name)) {
      const told = `The prompt must contain the character's name verbatim: '${character.name}'.`;
      throw new Refusal(400, told, 'character_not_in_prompt', 'characters');
    }
    return character;
  });
}

function parseList(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function readCharacterName(fields: Call['fields']): string {
  const name = readText(fields, 'name');
  if (name === undefined || name.trim() === '' || name.length > MAX_NAME_LENGTH) {
    throw new Refusal(400, `Invalid 'name': expected 1 to ${MAX_NAME_LENGTH} characters.`, 'invalid_value', 'name');
  }
  return name;
}

import * as z from 'zod/v4';
import { MAX_DESCRIPTION_LENGTH, MAX_NAME_LENGTH } from '../domain/character.ts';
import { invalid, SoraError } from '../domain/errors.ts';
import { ASPECT_RATIOS, MAX_PROMPT_LENGTH, MAX_SECONDS, PRIORITIES, parseHttpUrl, parseSize } from '../domain/video.ts';

const MAX_TEXT = 4_096;

/** Holds a value against a rule of the domain, so that its words reach the caller together with all other problems. */
function ruled<Schema extends z.ZodType>(schema: Schema, rule: (value: z.output<Schema>) => unknown): Schema {
  return schema.superRefine((value, check) => {
    try {
      rule(value as z.output<Schema>);
    } catch (error) {
      if (!(error instanceof SoraError)) throw error;
      check.addIssue({ code: 'custom', message: error.message, params: { hint: error.hint } });
    }
  });
}

const text = (max = MAX_TEXT) => z.string().min(1).max(max);
const seconds = () => z.number().min(0).max(MAX_SECONDS);

export const name = () => z.string().min(1).max(MAX_NAME_LENGTH);
export const description = () => z.string().max(MAX_DESCRIPTION_LENGTH).describe('Look and personality').optional();
export const handle = () => text().describe('For @mentions; default from name').optional();
export const backend = () => text().describe('Default: routed').optional();
export const filePath = () => text().describe('Or a local clip').optional();
export const startSeconds = () => seconds().describe('Part to use').optional();
export const endSeconds = () => seconds().optional();
export const rightsConfirmed = () => z.boolean().describe('true: no real person is shown, or they consented');
export const taskId = () => text().describe('Ours or remote');
export const model = () => text().optional();
export const cursor = () => text().describe('next_cursor').optional();
export const limit = (standard: number) => z.int().min(1).max(100).describe(`Default ${standard}`).optional();
export const duration = () => z.number().gt(0).max(MAX_SECONDS).describe('Seconds');
export const maxCostUsd = () => z.number().min(0).max(1_000_000).describe('Refuse if dearer').optional();
export const idempotencyKey = () => text(200).describe('Same key, same job').optional();
export const confirm = () => text().describe('Token of confirmation_required').optional();
/** Seldom asked for, and the error that asks for it says how to use it. */
export const confirmCharacter = () => text().optional();
export const aspectRatio = () => z.enum(ASPECT_RATIOS).describe('Instead of size').optional();
export const priority = () => z.enum(PRIORITIES).describe('Default cost').optional();
export const prompt = () => z.string().min(1).max(MAX_PROMPT_LENGTH).describe('Mention cast as @handle');
export const title = () => z.string().min(1).max(120).describe('Required if new').optional();
export const style = () => z.string().max(1_000).describe('Added to each scene').optional();
export const storyboardId = () =>
  text().describe('Change this one: scenes is then the whole new list; {scene: 2} keeps 2').optional();
export const referenceImage = () => text().describe('First frame: URL or path').optional();

export const videoUrl = () =>
  ruled(text(), (value) => parseHttpUrl('video_url', value))
    .describe('Short clip')
    .optional();

export const referenceVideo = () =>
  ruled(text(), (value) => parseHttpUrl('reference_video', value))
    .describe('Video URL whose look to keep')
    .optional();

export const influenceStrength = () => z.number().min(0).max(1).describe('0 to 1, of reference_video').optional();

export const characters = () => z.array(text()).max(50).describe('Handles or ids, as if mentioned').optional();

export const size = () =>
  ruled(text(), (value) => {
    if (parseSize(value) !== undefined) return;
    throw invalid('size', `size ${JSON.stringify(value.slice(0, 40))} is not WIDTHxHEIGHT`, 'Write it as 1280x720.');
  })
    .describe('e.g. 1280x720')
    .optional();

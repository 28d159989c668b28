import {
  completable,
  type GetPromptResult,
  type McpServer,
  type StandardSchemaWithJSON,
} from '@modelcontextprotocol/server';
import { clean } from '../domain/text.ts';
import type { Services } from '../services/services.ts';
import { type LogLine, lineOf } from './errors.ts';
import { passThrough } from './schema.ts';

const COMPLETIONS = 20;
const LONGEST_ARGUMENT = 4_000;
const MAX_SCENES = 100;

interface PromptDeps {
  readonly services: () => Promise<Services>;
  readonly log: LogLine;
}

type Completer = (typed: string) => Promise<string[]>;

interface PromptArgument {
  readonly description: string;
  readonly required?: boolean;
  readonly complete?: Completer;
  /** What is wrong with a text that was given. */
  readonly fault?: (text: string) => string | undefined;
}

type Args = Readonly<Record<string, string | undefined>>;

export function registerPrompts(server: McpServer, deps: PromptDeps): void {
  const castList: Completer = async (typed) => {
    const [last = '', ...before] = typed.split(',').reverse();
    const handles = await findHandles(deps, last.trim().replace(/^@/, ''));
    const kept = before.reverse().map((part) => `${part.trim()}, `);
    return handles.map((handle) => kept.join('') + handle);
  };
  server.registerPrompt(
    'storyboard',
    {
      title: 'Make a storyboard',
      description: 'Plan and make a short film scene by scene, with one cast and the price agreed first.',
      argsSchema: promptArguments({
        idea: { description: 'What the film is about', required: true },
        scenes: { description: 'How many scenes; default 3', fault: countFault },
        characters: { description: 'Handles of the cast, comma-separated', complete: castList },
      }),
    },
    (args) => userMessage(storyboardText(args as Args)),
  );
  server.registerPrompt(
    'character_sheet',
    {
      title: 'Make a character',
      description: 'Design a character, make a reference clip and keep it in the catalog.',
      argsSchema: promptArguments({
        name: { description: "The character's name", required: true },
        look: { description: 'Face, hair, clothes, age, manner' },
        style: { description: 'Look of the picture, e.g. watercolour' },
      }),
    },
    (args) => userMessage(characterText(args as Args)),
  );
}

function countFault(text: string): string | undefined {
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= MAX_SCENES) return undefined;
  return `scenes is ${JSON.stringify(clean(text, 20))}: give a whole number from 1 to ${MAX_SCENES}`;
}

function storyboardText({ idea, scenes = '3', characters }: Args): string {
  const cast = characters
    ? `${characters}. Check each with list_characters.`
    : 'Look with list_characters who exists, and propose who plays.';
  return `Make a storyboard of ${scenes} scenes about: ${idea}

1. Cast. ${cast} Whoever is missing: create_character from a clip, or generate_video a short clip and extract_character from it. rights_confirmed needs the user's word that no real person is shown without consent.
2. Scenes. Write each as one prompt: shot, place, action, light, with the cast as @handle. Put what all scenes share (look, light, lens) into style, in one sentence. Show the plan and change it as the user likes.
3. Quote. make_storyboard with title, scenes, characters, style and dry_run: true: nothing is sent. Tell the user the price, the backend and what notes say.
4. Confirmation. Wait for the user's yes. Then the same call without dry_run, with max_cost_usd from the quote. On confirmation_required ask, and repeat it with confirm. On budget_exceeded offer fewer or shorter scenes, or partial: true.
5. Making. get_task with the storyboard_id and wait_seconds 30 until its status is completed or attention. A failed scene says why: make_storyboard with storyboard_id and scenes (the whole list; {scene: 1} keeps scene 1) changes it; with storyboard_id alone failed scenes are tried again. Status unknown: wait, never make it again.
6. Reviewing. get_task with a scene's task_id and include_still: true shows it. Go through the scenes with the user.
7. Revising. revise_video with a scene's task_id (remix, edit or extend) keeps most of the clip; make_storyboard with a changed prompt or redo: true makes the scene anew. Both cost: tell the price first. Reordering and dropping scenes is free.
8. The film is joined by itself: end with film_path and cost_usd.`;
}

function characterText({ name, look, style }: Args): string {
  return `Make a reusable character called ${name}.${look ? ` Look: ${look}.` : ''}${style ? ` Style: ${style}.` : ''}

1. Write a sheet: face, hair, clothes, build, manner, voice, in words that can be repeated exactly. Agree on it with the user, and that no real person is depicted without consent (rights_confirmed).
2. Is there a clip of the character? create_character with video_url or file_path (2 to 4 s, one person, clearly visible).
   Otherwise: estimate_cost for 4 s, the user's yes, generate_video of the character alone, turning slowly, plain background; get_task until it is completed; then extract_character from its task_id.
3. Give the sheet as description. Tell the user the handle, and the backends it is bound to; list_characters shows them.
4. Try it: one generate_video with @handle in a new place, after its price is agreed.`;
}

function userMessage(text: string): GetPromptResult {
  return { messages: [{ role: 'user', content: { type: 'text', text } }] };
}

async function findHandles(deps: PromptDeps, typed: string): Promise<readonly string[]> {
  try {
    return (await deps.services()).characters.complete(typed, COMPLETIONS);
  } catch (error) {
    deps.log(`completion: ${lineOf(error)}`);
    return [];
  }
}

/** Texts need no schema library: this says what the SDK asks of one, and costs nothing at start. */
function promptArguments(args: Readonly<Record<string, PromptArgument>>): StandardSchemaWithJSON<unknown, unknown> {
  const entries = Object.entries(args);
  const json = () => ({
    type: 'object',
    properties: Object.fromEntries(entries.map(([name, { description }]) => [name, { type: 'string', description }])),
    required: entries.filter(([, { required }]) => required).map(([name]) => name),
  });
  const validate = (value: unknown) => {
    const given = value as Args;
    const issues = entries.flatMap(([name, { required, description, fault }]) => {
      const text = given[name]?.trim() ?? '';
      if (required && text === '') return [{ message: `${name} is required: ${description}`, path: [name] }];
      const message = text.length > LONGEST_ARGUMENT ? `${name} is too long` : text && fault?.(text);
      return message ? [{ message, path: [name] }] : [];
    });
    if (issues.length > 0) return { issues };
    // What was left empty counts as not given.
    return { value: Object.fromEntries(Object.entries(given).filter(([, text]) => text?.trim())) };
  };
  const field = () => passThrough(() => ({ type: 'string' }));
  const shape = Object.fromEntries(
    entries.map(([name, { complete }]) => [
      name,
      complete ? completable(field(), (typed) => complete(String(typed ?? ''))) : field(),
    ]),
  );
  const schema = {
    '~standard': { version: 1 as const, vendor: 'sora-mcp', validate, jsonSchema: { input: json, output: json } },
    shape,
  };
  return schema;
}

import { MAX_SECONDS } from '../domain/video.ts';
import { type Context, findJob, linkTo, newId, startJob, storeCharacter } from './context.ts';
import { readCharacterName, readPrompt, readText } from './forwarding-rules.ts';
import { type Job, phaseOf, type SandboxCharacter } from './job.ts';
import { type Call, Refusal, type Reply } from './wire.ts';

const SIZE = '1280x720';
const MODEL = 'sora-2';
const DEFAULT_DURATION = 10;

export function createSeedCharacter(context: Context, call: Call): Reply {
  const url = readText(call.fields, 'video_url');
  if (url === undefined || !isHttpUrl(url)) {
    throw new Refusal(400, "'video_url' must be an http(s) URL.", 'invalid_value', 'video_url');
  }
  return addSeedCharacter(context, call, url);
}

export function extractSeedCharacter(context: Context, call: Call): Reply {
  const taskId = readText(call.fields, 'task_id');
  if (!taskId) throw new Refusal(400, "'task_id' is required.", 'missing_required_parameter', 'task_id');
  const job = findJob(context, 'seed', taskId, 'Task');
  const { status } = phaseOf(job, context.settings.clock);
  if (status !== 'completed') {
    throw new Refusal(400, `Task is ${status}; characters come of completed tasks.`, 'task_not_completed', 'task_id');
  }
  return addSeedCharacter(context, call, job.id);
}

function addSeedCharacter(context: Context, call: Call, source: string): Reply {
  const name = readCharacterName(call.fields);
  const description = readText(call.fields, 'description') ?? '';
  const character = { id: newId('char_'), accent: 'seed', name, description, source } as const;
  return { status: 200, json: { character_id: storeCharacter(context, call, character).id } };
}

export function listSeedCharacters(context: Context): Reply {
  const own = context.state.characters().filter(({ accent }) => accent === 'seed');
  const characters = own.map(({ id, name, description, createdAt }) => ({
    character_id: id,
    name,
    description,
    created_at: Math.floor(createdAt / 1000),
  }));
  return { status: 200, json: { characters } };
}

export function generateSeed(context: Context, call: Call): Reply {
  const prompt = readPrompt(call.fields);
  const { duration = DEFAULT_DURATION } = call.fields;
  if (typeof duration !== 'number') throw new Refusal(400, "'duration' must be a number.", 'invalid_type', 'duration');
  if (!(duration > 0 && duration <= MAX_SECONDS)) {
    throw new Refusal(400, `'duration' must be more than 0 and at most ${MAX_SECONDS}.`, 'invalid_value', 'duration');
  }
  const characterIds = mentioned(context, prompt).map(({ id }) => id);
  const job = startJob(context, call, {
    accent: 'seed',
    kind: 'video',
    model: MODEL,
    prompt,
    seconds: duration,
    size: SIZE,
    characterIds,
  });
  return { status: 200, json: { task_id: job.id }, jobId: job.id };
}

function mentioned(context: Context, prompt: string): readonly SandboxCharacter[] {
  const ids = new Set(Array.from(prompt.matchAll(/@(f?char_\w+)/g), (match) => match[1]!));
  return Array.from(ids, (id) => {
    const character = context.state.character(id);
    if (character?.accent !== 'seed')
      throw new Refusal(400, `Character ${id.slice(0, 80)} not found.`, 'character_not_found', 'prompt');
    return character;
  });
}

export function getSeedTask(context: Context, call: Call): Reply {
  const job = findJob(context, 'seed', call.params.id!, 'Task');
  return { status: 200, json: taskView(context, job), jobId: job.id };
}

function taskView(context: Context, job: Job): Record<string, unknown> {
  const { status, progress } = phaseOf(job, context.settings.clock);
  return {
    task_id: job.id,
    status,
    progress,
    video_url: status === 'completed' ? linkTo(context, job) : undefined,
    error: status === 'failed' ? job.failure?.message : undefined,
  };
}

export function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

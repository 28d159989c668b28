import { type Context, findJob, linkTo, newId, startJob, storeCharacter } from './context.ts';
import { readPrompt, readText } from './forwarding-rules.ts';
import { phaseOf } from './job.ts';
import { isHttpUrl } from './seed.ts';
import { type Call, Refusal, type Reply } from './wire.ts';

const UNIFIED_SIZES: { readonly [ratio: string]: string } = { '16:9': '1280x720', '9:16': '720x1280' };
const UNIFIED_STATUS = {
  queued: 'NOT_START',
  in_progress: 'IN_PROGRESS',
  completed: 'SUCCESS',
  failed: 'FAILURE',
} as const;

/** `POST {host}/sora/v1/characters`: exactly one of `url` and `from_task`, and a span of 1 to 3 s. */
export function createUserCharacter(context: Context, call: Call): Reply {
  const url = readText(call.fields, 'url');
  const task = readText(call.fields, 'from_task');
  if ((url === undefined) === (task === undefined)) {
    throw new Refusal(400, "Exactly one of 'url' and 'from_task' is required.", 'invalid_value', 'url');
  }
  if (url !== undefined && !isHttpUrl(url))
    throw new Refusal(400, "'url' must be an http(s) URL.", 'invalid_value', 'url');
  if (task !== undefined) {
    const { status } = phaseOf(findJob(context, 'sora-v1', task, 'Task'), context.settings.clock);
    if (status !== 'completed') throw new Refusal(400, `Task is ${status}.`, 'task_not_completed', 'from_task');
  }
  checkSpan(readText(call.fields, 'timestamps'));
  const id = newId('ch_');
  const word =
    (url ?? task ?? '')
      .split(/[/?#]/)
      .findLast(Boolean)
      ?.replace(/\.\w+$/, '')
      .replace(/[^a-z0-9]+/gi, '_') ?? '';
  const name = word.toLowerCase().slice(0, 24) || 'someone';
  const fresh = {
    id,
    accent: 'sora-v1',
    name,
    description: '',
    source: url ?? task ?? '',
    username: `${id.slice(3, 7)}.${name}`,
  } as const;
  const character = storeCharacter(context, call, fresh);
  const permalink = `${context.origin()}/profile/${character.username}`;
  const picture = `${permalink}.webp`;
  const { username, name: shown } = character;
  return {
    status: 200,
    json: { id: character.id, username, display_name: shown, permalink, profile_picture_url: picture },
  };
}

function checkSpan(timestamps: string | undefined): void {
  const span = /^(\d+(?:\.\d+)?),(\d+(?:\.\d+)?)$/.exec(timestamps ?? '');
  const length = span ? Number(span[2]) - Number(span[1]) : 0;
  if (length < 1 || length > 3) {
    throw new Refusal(400, "'timestamps' must be 'start,end' with 1 to 3 s between.", 'invalid_value', 'timestamps');
  }
}

/** `POST {host}/v2/videos/generations`; `duration` is a string here. */
export function generateUnified(context: Context, call: Call): Reply {
  const prompt = readPrompt(call.fields);
  const duration = readText(call.fields, 'duration') ?? '10';
  if (!['5', '10', '15', '25'].includes(duration)) {
    throw new Refusal(400, `'duration' ${duration.slice(0, 20)} is not supported.`, 'invalid_value', 'duration');
  }
  const size = UNIFIED_SIZES[readText(call.fields, 'aspect_ratio') ?? '16:9'];
  if (!size) throw new Refusal(400, "'aspect_ratio' must be 16:9 or 9:16.", 'invalid_value', 'aspect_ratio');
  const character = readText(call.fields, 'character_url');
  if (character !== undefined && !isHttpUrl(character)) {
    throw new Refusal(400, "'character_url' must be an http(s) URL.", 'invalid_value', 'character_url');
  }
  const model = readText(call.fields, 'model') ?? 'sora-2';
  const order = {
    accent: 'unified-v2',
    kind: 'video',
    model,
    prompt,
    seconds: Number(duration),
    size,
    characterIds: [],
  } as const;
  const job = startJob(context, call, order);
  return { status: 200, json: { task_id: job.id }, jobId: job.id };
}

export function getUnified(context: Context, call: Call): Reply {
  const job = findJob(context, 'unified-v2', call.params.id!, 'Task');
  const { status, progress, endedAt } = phaseOf(job, context.settings.clock);
  const json = {
    task_id: job.id,
    status: UNIFIED_STATUS[status],
    // These gateways say 100% of a failure too.
    progress: status === 'failed' ? '100%' : `${progress}%`,
    fail_reason: status === 'failed' ? job.failure?.message : '',
    submit_time: job.createdAt,
    finish_time: endedAt ?? 0,
    data: status === 'completed' ? { output: linkTo(context, job) } : {},
  };
  return { status: 200, json, jobId: job.id };
}

import type { Variant } from './clips.ts';
import { type Context, findJob, linkTo, newId, startJob, storeCharacter } from './context.ts';
import { MODELS, readCharacterName, readCreate, readPrompt, readSeconds } from './forwarding-rules.ts';
import { type Accent, type Job, phaseOf, type SandboxCharacter } from './job.ts';
import { videoFacts } from './media/read.ts';
import { bytesReply, type Call, isRecord, Refusal, type Reply } from './wire.ts';

const MAX_EXTENSIONS = 6;
const MAX_EXTENDED_SECONDS = 120;
const POLL_HINT_MS = 500;
const TYPES: { readonly [variant in Variant]: string } = {
  video: 'video/mp4',
  thumbnail: 'image/webp',
  spritesheet: 'image/jpeg',
};

function ownAccent(context: Context): Accent {
  return context.settings.accent;
}

function videoReply(context: Context, job: Job, clock = context.settings.clock): Reply {
  const headers = { 'openai-poll-after-ms': String(POLL_HINT_MS) };
  return { status: 200, json: videoView(context, job, clock), headers, jobId: job.id };
}

/** As it is when it begins, however long the answer takes: a quick job may be further by then. */
function createReply(context: Context, job: Job): Reply {
  return videoReply(context, job, () => job.createdAt);
}

/** Null fields are left out, as the real service does. */
function videoView(context: Context, job: Job, clock = context.settings.clock): Record<string, unknown> {
  const { status, progress, endedAt } = phaseOf(job, clock);
  const done = status === 'completed' && endedAt !== undefined;
  return {
    id: job.id,
    object: 'video',
    model: job.model,
    status,
    progress,
    created_at: unixSeconds(job.createdAt),
    completed_at: done ? unixSeconds(endedAt) : undefined,
    expires_at: done ? unixSeconds(endedAt + context.settings.linkMs) : undefined,
    prompt: job.prompt,
    size: job.size,
    seconds: String(job.seconds),
    remixed_from_video_id: job.kind === 'remix' ? job.parentId : undefined,
    error: status === 'failed' ? job.failure : undefined,
    video_url: done && job.accent === 'sora-v1' ? linkTo(context, job) : undefined,
  };
}

function unixSeconds(ms: number): number {
  return Math.floor(ms / 1000);
}

export async function createVideo(context: Context, call: Call): Promise<Reply> {
  const { cast, ...order } = await readCreate(context, call);
  const mentioned = ownAccent(context) === 'sora-v1' ? mentionedUsers(context, order.prompt) : cast;
  const characterIds = mentioned.map(({ id }) => id);
  const accent = ownAccent(context);
  return createReply(context, startJob(context, call, { ...order, accent, kind: 'video', characterIds }));
}

/** `@ab12.name` of a `sora-v1` gateway; an unknown one is refused. */
function mentionedUsers(context: Context, prompt: string): readonly SandboxCharacter[] {
  const known = context.state.characters().filter(({ accent }) => accent === 'sora-v1');
  const names = Array.from(prompt.matchAll(/@([a-z0-9]+\.[a-z0-9_.]*[a-z0-9_])/gi), (match) => match[1]!);
  return Array.from(new Set(names), (name) => {
    const character = known.find(({ username }) => username === name);
    if (!character) throw new Refusal(400, `Unknown character @${name.slice(0, 60)}.`, 'character_not_found', 'prompt');
    return character;
  });
}

export function getVideo(context: Context, call: Call): Reply {
  return videoReply(context, ownVideo(context, call.params.id!));
}

function ownVideo(context: Context, id: string): Job {
  return findJob(context, ownAccent(context), id, 'Video');
}

export function listVideos(context: Context, call: Call): Reply {
  const limit = call.query.has('limit') ? Number(call.query.get('limit')) : 20;
  if (!Number.isInteger(limit) || limit < 0 || limit > 100) {
    throw new Refusal(400, "Invalid 'limit': expected an integer from 0 to 100.", 'invalid_value', 'limit');
  }
  const order = call.query.get('order') ?? 'desc';
  if (order !== 'asc' && order !== 'desc') {
    throw new Refusal(400, "Invalid 'order': expected 'asc' or 'desc'.", 'invalid_value', 'order');
  }
  const all = context.state.jobs().filter(({ accent }) => accent === ownAccent(context));
  if (order === 'desc') all.reverse();
  const after = call.query.get('after');
  const start = after === null ? 0 : all.findIndex(({ id }) => id === after) + 1;
  if (after !== null && start === 0) {
    throw new Refusal(400, `Invalid 'after': no video with id '${after.slice(0, 80)}'.`, 'invalid_value', 'after');
  }
  const page = all.slice(start, start + limit);
  const data = page.map((job) => videoView(context, job));
  const ends = { first_id: page[0]?.id, last_id: page.at(-1)?.id };
  return { status: 200, json: { object: 'list', data, ...ends, has_more: start + page.length < all.length } };
}

export function deleteVideo(context: Context, call: Call): Reply {
  const job = ownVideo(context, call.params.id!);
  const { status } = phaseOf(job, context.settings.clock);
  if (status !== 'completed' && status !== 'failed') {
    throw new Refusal(409, `Video is ${status}; only finished videos can be deleted.`, 'video_not_finished');
  }
  context.state.deleteJob(job.id);
  return { status: 200, json: { id: job.id, deleted: true, object: 'video.deleted' } };
}

export async function videoContent(context: Context, call: Call): Promise<Reply> {
  const variant = call.query.get('variant') ?? 'video';
  if (variant !== 'video' && variant !== 'thumbnail' && variant !== 'spritesheet') {
    throw new Refusal(400, `Invalid value: '${variant.slice(0, 60)}'.`, 'invalid_value', 'variant');
  }
  return mediaReply(context, call, ownVideo(context, call.params.id!), variant);
}

/** The bytes of a finished job, as long as they are kept. */
export async function mediaReply(context: Context, call: Call, job: Job, variant: Variant): Promise<Reply> {
  const { clock, linkMs } = context.settings;
  const { status, endedAt } = phaseOf(job, clock);
  if (status !== 'completed' || endedAt === undefined) {
    throw new Refusal(404, `Video is not ready yet; its status is ${status}.`, 'video_not_ready');
  }
  if (clock() >= endedAt + linkMs) throw new Refusal(410, 'The video has expired.', 'expired');
  const cast = job.characterIds.flatMap((id) => context.state.character(id) ?? []);
  const bytes = await context.clips.media(job, variant, cast);
  return { ...bytesReply(call, bytes, TYPES[variant]), jobId: job.id };
}

export function remixVideo(context: Context, call: Call): Reply {
  return revise(context, call, 'remix', call.params.id!, (parent) => parent.seconds);
}

export function editVideo(context: Context, call: Call): Reply {
  return revise(context, call, 'edit', parentId(call), (parent) => parent.seconds);
}

export function extendVideo(context: Context, call: Call): Reply {
  const added = readSeconds(call.fields);
  if (added === undefined)
    throw new Refusal(400, "Missing required parameter: 'seconds'.", 'missing_required_parameter', 'seconds');
  return revise(context, call, 'extend', parentId(call), (parent) => {
    let extensions = 0;
    for (let at: Job | undefined = parent; at?.kind === 'extend'; at = context.state.job(at.parentId ?? ''))
      extensions++;
    const total = parent.seconds + added;
    if (extensions >= MAX_EXTENSIONS || total > MAX_EXTENDED_SECONDS) {
      const told = `A video can be extended ${MAX_EXTENSIONS} times and to ${MAX_EXTENDED_SECONDS} s in all.`;
      throw new Refusal(400, told, 'extension_limit', 'video');
    }
    return total;
  });
}

function revise(
  context: Context,
  call: Call,
  kind: 'remix' | 'edit' | 'extend',
  id: string,
  secondsFor: (parent: Job) => number,
): Reply {
  const prompt = readPrompt(call.fields);
  const parent = ownVideo(context, id);
  if (phaseOf(parent, context.settings.clock).status !== 'completed') {
    throw new Refusal(400, 'The source video is not completed.', 'video_not_ready', 'video');
  }
  const { accent, model, size, characterIds } = parent;
  const seconds = secondsFor(parent);
  const order = { accent, kind, model, prompt, seconds, size, characterIds, parentId: parent.id };
  return createReply(context, startJob(context, call, order));
}

function parentId(call: Call): string {
  const { video } = call.fields;
  const id = isRecord(video) ? video.id : undefined;
  if (typeof id !== 'string')
    throw new Refusal(400, "Missing required parameter: 'video.id'.", 'missing_required_parameter', 'video');
  return id;
}

export async function createCharacter(context: Context, call: Call): Promise<Reply> {
  if (call.encoding !== 'form') {
    throw new Refusal(400, "Unsupported content type: expected 'multipart/form-data'.", 'unsupported_content_type');
  }
  const name = readCharacterName(call.fields);
  const { video } = call.fields;
  if (!(video instanceof File) || video.size === 0) {
    throw new Refusal(400, "Missing required parameter: 'video'.", 'missing_required_parameter', 'video');
  }
  if (context.settings.checkUploads) checkClip(new Uint8Array(await video.arrayBuffer()));
  const character = { id: newId('fchar_'), accent: 'forwarding', name, description: '', source: video.name } as const;
  return { status: 200, json: characterView(storeCharacter(context, call, character)) };
}

function checkClip(bytes: Uint8Array): void {
  const refuse = (told: string): never => {
    throw new Refusal(400, `Invalid character video: ${told}.`, 'invalid_video', 'video');
  };
  const facts = videoFacts(bytes) ?? refuse('not an MP4 file');
  if (facts.seconds < 1.9 || facts.seconds > 4.1) refuse(`it lasts ${facts.seconds.toFixed(1)} s, not 2 to 4 s`);
  const [short, long] = [Math.min(facts.width, facts.height), Math.max(facts.width, facts.height)];
  if (short < 700 || short > 1088) refuse(`it is ${facts.width}x${facts.height}, not 720p to 1080p`);
  if (Math.abs(long / short - 16 / 9) > 0.06) refuse(`it is ${facts.width}x${facts.height}, not 16:9 or 9:16`);
}

export function getCharacter(context: Context, call: Call): Reply {
  const id = call.params.id!;
  const character = context.state.character(id);
  if (character?.accent !== 'forwarding')
    throw new Refusal(404, `Character '${id.slice(0, 80)}' not found.`, 'not_found');
  return { status: 200, json: characterView(character) };
}

function characterView({ id, name, createdAt }: SandboxCharacter): Record<string, unknown> {
  return { id, name, created_at: unixSeconds(createdAt) };
}

export function listModels(): Reply {
  const data = Object.keys(MODELS).map((id) => ({ id, object: 'model', created: 1_759_276_800, owned_by: 'sandbox' }));
  return { status: 200, json: { object: 'list', data } };
}

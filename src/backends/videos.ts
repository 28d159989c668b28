import { SoraError } from '../domain/errors.ts';
import { aspectRatioOf, shortSide } from '../domain/video.ts';
import type { CallContext, CreateVideo, RemoteVideo, RemoteVideoPage, ReviseVideo } from './backend.ts';
import { findError, isRecord } from './envelope.ts';
import type { Answer } from './http-port.ts';
import { envelopesOf, pick } from './pick.ts';
import { idsIn, readVideo } from './read-video.ts';
import { retryAfterMs } from './retry-after.ts';
import { spanOf } from './span.ts';
import { type Asked, ask, required, type Wire } from './wire.ts';
import type { Values } from './write-request.ts';

const LONGEST_POLL_HINT_MS = 10 * 60_000;

export async function createVideo(wire: Wire, request: CreateVideo, context?: CallContext): Promise<RemoteVideo> {
  const { size } = request;
  checkAbilities(wire, request);
  const values: Values = {
    prompt: request.prompt,
    model: request.model,
    seconds: request.seconds,
    size,
    aspectRatio: size && aspectRatioOf(size),
    resolution: size && `${shortSide(size)}p`,
    // An empty list says nothing, and some servers refuse it.
    characters:
      request.characters.length > 0
        ? request.characters.map(({ remoteId, name }) => ({ id: remoteId, name }))
        : undefined,
    referenceImage: request.referenceImage,
    referenceVideo: request.referenceVideo,
    timestamps: request.referenceSpan && spanOf(wire, request.referenceSpan),
    influenceStrength: request.influenceStrength,
  };
  const asked: Asked = { values, paid: true, model: request.model, idempotencyKey: request.idempotencyKey };
  const answer = await ask(wire, 'create', asked, context);
  return begun(wire, 'create', answer, asked);
}

/** What a dialect cannot say would be left out silently, and paid for. */
function checkAbilities(wire: Wire, request: CreateVideo): void {
  const { id, capabilities } = wire.profile;
  const refuse = (field: string, message: string) =>
    new SoraError({
      code: 'not_supported',
      field,
      message,
      hint: 'Choose another backend for it; sora://backends tells what each can do.',
    });
  if (request.characters.length > capabilities.maxCharacters) {
    throw refuse('characters', `${id} takes at most ${capabilities.maxCharacters} characters in one video`);
  }
  if (request.referenceImage && !capabilities.referenceImage)
    throw refuse('reference_image', `${id} takes no reference image`);
  if (request.referenceVideo && !capabilities.referenceVideo)
    throw refuse('reference_video', `${id} takes no reference video`);
}

/** A new job made from a finished one. */
export async function reviseVideo(wire: Wire, request: ReviseVideo, context?: CallContext): Promise<RemoteVideo> {
  const { mode, remoteTaskId: id } = request;
  const values: Values = { prompt: request.prompt, id, model: request.model, seconds: request.seconds };
  const asked: Asked = {
    values,
    places: { id },
    paid: true,
    model: request.model,
    idempotencyKey: request.idempotencyKey,
  };
  const answer = await ask(wire, mode, asked, context);
  return begun(wire, mode, answer, asked);
}

function begun(wire: Wire, name: 'create' | ReviseVideo['mode'], answer: Answer, asked: Asked): RemoteVideo {
  const id = required(wire, name, idsIn(answer.body, wire)[0], answer, asked);
  return withHint(readVideo(answer.body, id, wire, 'queued'), answer, wire);
}

export async function getVideo(wire: Wire, remoteId: string, context?: CallContext): Promise<RemoteVideo> {
  const asked: Asked = { places: { id: remoteId } };
  const answer = await ask(wire, 'get', asked, context);
  const ids = idsIn(answer.body, wire);
  if (ids.length > 0 && !ids.includes(remoteId)) {
    throw new SoraError({
      code: 'upstream_error',
      message: `${wire.baseUrl.host} was asked about ${wire.tell(remoteId, 80)} and answered about ${wire.tell(ids[0]!, 80)}`,
      hint: 'The answer was thrown away; ask again later.',
      retryable: true,
    });
  }
  const video = readVideo(answer.body, remoteId, wire);
  // A job's own failure is a job; an error without any sign of a job is none, and one in passing has no id.
  const isJob = ids.length > 0 || (hasStatus(wire, answer) && !(wire.dialect.answer.getHasId && hasEnded(video)));
  required(wire, 'get', isJob || undefined, answer, asked);
  return withHint(video, answer, wire);
}

/** By the word alone: a file speaks for itself. */
function hasEnded({ state, videoUrl }: RemoteVideo): boolean {
  return state === 'failed' || state === 'expired' || (state === 'completed' && videoUrl === undefined);
}

/** A number there is an HTTP status, not a job's. */
function hasStatus(wire: Wire, answer: Answer): boolean {
  const { envelopes, status } = wire.dialect.answer;
  return typeof pick(envelopesOf(answer.body, envelopes), status) === 'string';
}

export async function listVideos(
  wire: Wire,
  page: { readonly after?: string; readonly limit: number },
  context?: CallContext,
): Promise<RemoteVideoPage> {
  const limit = Math.min(100, Math.max(1, Math.round(page.limit)));
  const asked: Asked = { places: { after: page.after, limit: String(limit) } };
  const answer = await ask(wire, 'list', asked, context);
  const list = required(wire, 'list', listIn(answer.body, wire.dialect.answer.videos), answer, asked);
  const videos = list.flatMap((entry) => {
    const id = idsIn(entry, wire)[0];
    if (id === undefined) return [];
    const video = readVideo(entry, id, wire);
    return isStateTold(entry, video, wire) ? [video] : [{ ...video, stateUntold: true }];
  });
  const more = isRecord(answer.body) ? answer.body.has_more : undefined;
  const last = videos.at(-1)?.remoteId ?? page.after;
  // Servers without has_more may give less than they are asked for: only an empty page or the same again is the end.
  const goesOn = typeof more === 'boolean' ? more : last !== page.after;
  return { videos, ...(goesOn && last !== undefined ? { after: last } : {}) };
}

/** A list may be shorter of words than the answer about one job. */
function isStateTold(entry: unknown, { videoUrl }: RemoteVideo, { dialect }: Wire): boolean {
  const { envelopes, status } = dialect.answer;
  return videoUrl !== undefined || pick(envelopesOf(entry, envelopes), status) !== undefined;
}

export function listIn(body: unknown, paths: readonly string[]): readonly unknown[] | undefined {
  if (Array.isArray(body)) return body;
  const list = pick([body], paths);
  return Array.isArray(list) ? list : undefined;
}

export async function deleteVideo(wire: Wire, remoteId: string, context?: CallContext): Promise<void> {
  const answer = await ask(wire, 'delete', { places: { id: remoteId } }, context);
  const told = findError(answer.body, true);
  if (told && idsIn(answer.body, wire).length === 0) required(wire, 'delete', undefined, answer, {});
}

function withHint(video: RemoteVideo, answer: Answer, wire: Wire): RemoteVideo {
  const told = Number(answer.headers['openai-poll-after-ms'] ?? Number.NaN);
  const pollAfterMs = Number.isFinite(told) && told > 0 ? told : retryAfterMs(answer.headers, wire.clock());
  return pollAfterMs === undefined ? video : { ...video, pollAfterMs: Math.min(LONGEST_POLL_HINT_MS, pollAfterMs) };
}

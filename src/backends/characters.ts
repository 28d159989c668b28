import { SoraError } from '../domain/errors.ts';
import type { CallContext, CreateCharacter, ExtractCharacter, RemoteCharacter } from './backend.ts';
import { readCharacter } from './read-video.ts';
import { listIn } from './videos.ts';
import { type Asked, ask, required, type Wire } from './wire.ts';

/** The span that is used when only one end of it was said, in seconds. */
const USUAL_SPAN = 3;

export async function createCharacter(
  wire: Wire,
  request: CreateCharacter,
  context?: CallContext,
): Promise<RemoteCharacter> {
  const { name, description, source } = request;
  const values = { name, description, video: source, timestamps: spanOf(wire, request) };
  const asked: Asked = { values, paid: true, idempotencyKey: request.idempotencyKey };
  const answer = await ask(wire, 'createCharacter', asked, context);
  return required(wire, 'createCharacter', readCharacter(answer.body, wire, name), answer, asked);
}

export async function extractCharacter(
  wire: Wire,
  request: ExtractCharacter,
  context?: CallContext,
): Promise<RemoteCharacter> {
  const { name, description, remoteTaskId: id } = request;
  const values = { name, description, id, timestamps: spanOf(wire, request) };
  const asked: Asked = { values, places: { id }, paid: true, idempotencyKey: request.idempotencyKey };
  const answer = await ask(wire, 'extractCharacter', asked, context);
  return required(wire, 'extractCharacter', readCharacter(answer.body, wire, name), answer, asked);
}

export async function listCharacters(wire: Wire, context?: CallContext): Promise<readonly RemoteCharacter[]> {
  const answer = await ask(wire, 'listCharacters', {}, context);
  const list = required(wire, 'listCharacters', listIn(answer.body, wire.dialect.answer.characters), answer, {});
  // Some list bare ids.
  return list.flatMap((entry) => readCharacter(typeof entry === 'string' ? { id: entry } : entry, wire) ?? []);
}

function spanOf(
  wire: Wire,
  { startSeconds, endSeconds }: Pick<CreateCharacter, 'startSeconds' | 'endSeconds'>,
): { readonly start: number; readonly end: number } | undefined {
  if (startSeconds === undefined && endSeconds === undefined) return undefined;
  const [shortest, longest] = wire.dialect.characterClipSeconds ?? [0, USUAL_SPAN];
  const start = startSeconds ?? Math.max(0, endSeconds! - longest);
  const end = endSeconds ?? start + longest;
  if (end - start < shortest || end - start > longest || end <= start) {
    throw new SoraError({
      code: 'invalid_argument',
      field: 'end_seconds',
      message: `the part from ${start} s to ${end} s cannot be used`,
      hint: `This backend takes ${shortest} to ${longest} seconds of a clip.`,
    });
  }
  return { start, end };
}

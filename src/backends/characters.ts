import { answerFailure } from './answer-failure.ts';
import type { CallContext, CreateCharacter, ExtractCharacter, RemoteCharacter } from './backend.ts';
import type { Answer } from './http-port.ts';
import { readCharacter } from './read-video.ts';
import { spanOf } from './span.ts';
import { listIn } from './videos.ts';
import { type Asked, ask, required, type Wire } from './wire.ts';

export async function createCharacter(
  wire: Wire,
  request: CreateCharacter,
  context?: CallContext,
): Promise<RemoteCharacter> {
  const { name, description, source } = request;
  const values = { name, description, video: source, timestamps: spanOf(wire, request) };
  const asked: Asked = { values, paid: true, idempotencyKey: request.idempotencyKey };
  const answer = await ask(wire, 'createCharacter', asked, context);
  return begun(wire, 'createCharacter', name, answer, asked);
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
  return begun(wire, 'extractCharacter', name, answer, asked);
}

/** What a paid create answered: the character, or the task that makes it. */
function begun(
  wire: Wire,
  operation: 'createCharacter' | 'extractCharacter',
  name: string,
  answer: Answer,
  asked: Asked,
): RemoteCharacter {
  const last = wire.dialect.operations.getCharacter === undefined;
  const remote = required(wire, operation, readCharacter(answer.body, wire, { name, last }), answer, asked);
  if (remote.state !== 'failed') return remote;
  const error = { message: remote.error ?? 'the character could not be made' };
  const call = { host: wire.baseUrl.host, paid: true, optional: true, operation };
  throw answerFailure({ status: 400, came: answer.status, error, html: false }, call);
}

export async function getCharacter(
  wire: Wire,
  { remoteId: id, name }: Pick<RemoteCharacter, 'remoteId' | 'name'>,
  context?: CallContext,
): Promise<RemoteCharacter> {
  const asked: Asked = { places: { id } };
  const answer = await ask(wire, 'getCharacter', asked, context);
  const remote = readCharacter(answer.body, wire, { name, taskId: id });
  return required(wire, 'getCharacter', remote, answer, asked);
}

export async function listCharacters(wire: Wire, context?: CallContext): Promise<readonly RemoteCharacter[]> {
  const answer = await ask(wire, 'listCharacters', {}, context);
  const list = required(wire, 'listCharacters', listIn(answer.body, wire.dialect.answer.characters), answer, {});
  // Some list bare ids.
  return list.flatMap((entry) => readCharacter(typeof entry === 'string' ? { id: entry } : entry, wire) ?? []);
}

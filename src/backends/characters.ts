import type { CallContext, CreateCharacter, ExtractCharacter, RemoteCharacter } from './backend.ts';
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

import { SoraError } from '../domain/errors.ts';
import type { Clock } from '../domain/ids.ts';
import type { BackendProfile } from '../domain/models.ts';
import { insideFailure } from './answer-failure.ts';
import type { CallContext } from './backend.ts';
import type { Dialect, Operation, OperationName } from './dialects/schema.ts';
import { findError } from './envelope.ts';
import type { Answer, Http } from './http-port.ts';
import type { Reader } from './read-video.ts';
import { urlOf, type Values, writeBody } from './write-request.ts';

/** A dialect, an address and a connection: what the engines are made of. */
export interface Wire extends Reader {
  readonly profile: BackendProfile;
  readonly dialect: Dialect;
  /** Where the dialect's paths begin. */
  readonly baseUrl: URL;
  readonly http: Http;
  readonly clock: Clock;
}

export interface Asked {
  readonly values?: Values | undefined;
  /** For the path and the query. */
  readonly places?: Readonly<Record<string, string | undefined>> | undefined;
  readonly paid?: boolean | undefined;
  readonly model?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  /** Told the body of each answer before it is judged; undefined: it was no JSON. */
  readonly told?: ((body: unknown) => void) | undefined;
}

/** The two without which a server would not be one of these. */
const ESSENTIAL: readonly OperationName[] = ['create', 'get'];

export function operationOf(wire: Wire, name: OperationName): Operation {
  const operation = wire.dialect.operations[name];
  if (operation) return operation;
  throw new SoraError({
    code: 'not_supported',
    message: `${wire.profile.id} does not do that (${name})`,
    hint: 'Choose another backend for it; sora://backends tells what each can do.',
  });
}

/** Sends one operation. An answer of 200 that says it is an error, and has none of the `wanted` facts, is thrown as one. */
export async function ask(wire: Wire, name: OperationName, asked: Asked, context?: CallContext): Promise<Answer> {
  const operation = operationOf(wire, name);
  const url = urlOf(wire.baseUrl, operation, asked.places ?? {});
  const body = await writeBody(operation, asked.values ?? {}, wire.http, context?.signal);
  context?.sending?.();
  return await wire.http.ask({
    method: operation.method,
    url,
    body,
    operation: name,
    paid: asked.paid ?? false,
    optional: !ESSENTIAL.includes(name),
    model: asked.model,
    idempotencyKey: asked.idempotencyKey,
    told: asked.told,
    signal: context?.signal,
  });
}

/**
 * The fact that an answer was asked for, or the error that it is instead: of a create, 200 with an error inside is a
 * refusal, and 200 with neither an error nor an id leaves open whether the request was taken.
 */
export function required<T>(wire: Wire, name: OperationName, fact: T | undefined, answer: Answer, asked: Asked): T {
  if (fact !== undefined) return fact;
  const call = {
    host: wire.baseUrl.host,
    paid: asked.paid ?? false,
    optional: !ESSENTIAL.includes(name),
    operation: name,
    model: asked.model,
  };
  const told = findError(answer.body, true);
  if (told) {
    throw insideFailure(
      { ...told, message: wire.tell(told.message, 400), code: told.code && wire.tell(told.code, 80) },
      answer.status,
      call,
    );
  }
  throw new SoraError({
    code: call.paid ? 'answer_lost' : 'upstream_error',
    message: `${call.host} answered ${answer.status} to ${name} without ${call.paid ? 'an id' : 'what belongs there'}`,
    hint: call.paid
      ? 'The job may exist and may be paid for. Do not send it again; check that the dialect fits this server.'
      : 'Check that the dialect fits this server.',
    retryable: !call.paid,
    charged: call.paid ? 'unknown' : 'no',
    details: { status: answer.status },
  });
}

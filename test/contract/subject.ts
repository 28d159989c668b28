import type { CreateVideo } from '../../src/backends/backend.ts';
import {
  type BackendDefinition,
  type BackendDeps,
  createBackend,
  type DialectBackend,
  dialectNamed,
} from '../../src/backends/registry.ts';
import { SoraError } from '../../src/domain/errors.ts';
import { Secret } from '../../src/domain/secret.ts';

export const KEY = 'sk-contract-key';
/** Nobody listens there, and nobody is given that port: one that was just closed may be another server's by now. */
export const DEAD_ORIGIN = 'http://127.0.0.1:9';

export const ORDER: CreateVideo = {
  prompt: 'A cat in the rain',
  model: 'sora-2',
  seconds: 8,
  characters: [],
  idempotencyKey: 'send-1',
};

/** A backend whose pauses take no time; they are written down instead. */
export interface Subject {
  readonly backend: DialectBackend;
  readonly pauses: readonly number[];
}

export function subject(
  origin: string,
  dialect = 'openai',
  deps: BackendDeps = {},
  changes: Partial<BackendDefinition> = {},
): Subject {
  const pauses: number[] = [];
  const spoken = dialectNamed(dialect);
  const definition: BackendDefinition = {
    id: 'under-test',
    route: spoken.route,
    dialect: spoken,
    baseUrl: new URL('/v1', origin),
    apiKey: new Secret(KEY),
    ...changes,
  };
  const backend = createBackend(definition, {
    random: () => 0.5,
    sleep: async (ms) => void pauses.push(ms),
    ...deps,
  });
  return { backend, pauses };
}

/** The error of a call that must fail. */
export async function failure(call: Promise<unknown>): Promise<SoraError> {
  const error = await call.then(
    (value) => new Error(`it succeeded with ${JSON.stringify(value)}`),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof SoraError)) throw error;
  return error;
}

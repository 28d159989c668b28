import { SoraError } from '../domain/errors.ts';
import type { CallContext, Probe } from './backend.ts';
import type { OperationName } from './dialects/schema.ts';
import { isRecord } from './envelope.ts';
import { listIn } from './videos.ts';
import { ask, type Wire } from './wire.ts';

/** Free calls that need a key where keys are needed, best first. */
const FREE = ['models', 'list', 'listCharacters'] as const satisfies readonly OperationName[];

/** Finds out with one free call whether the upstream is there and takes the key. Never throws but when cancelled. */
export async function probe(wire: Wire, context?: CallContext): Promise<Probe> {
  const free = FREE.find((name) => wire.dialect.operations[name]);
  const begun = wire.clock();
  try {
    const answer = free
      ? await ask(wire, free, { places: { limit: '1' } }, context)
      : await ask(wire, 'get', { places: { id: 'sora-mcp-probe' } }, context);
    const now = wire.clock();
    const theirs = Date.parse(answer.headers.date ?? '');
    const models = free === 'models' ? modelIds(answer.body, wire) : undefined;
    return {
      reachable: true,
      authenticated: free !== undefined && wire.http.hasKey ? true : 'unknown',
      latencyMs: now - begun,
      ...(models ? { models } : {}),
      ...(Number.isNaN(theirs) ? {} : { clockSkewMs: skewOf(theirs, (begun + now) / 2) }),
      ...endingOf(answer.body, wire),
    };
  } catch (error) {
    if (!(error instanceof SoraError) || error.code === 'cancelled') throw error;
    return judged(error, wire.clock() - begun);
  }
}

/** The header counts whole seconds: less than one is no difference. */
function skewOf(theirs: number, ours: number): number {
  const skew = Math.round(theirs - ours);
  return Math.abs(skew) <= 1_000 ? 0 : skew;
}

function judged(error: SoraError, latencyMs: number): Probe {
  const problem = error.hint ? `${error.message} ${error.hint}` : error.message;
  switch (error.code) {
    case 'auth_failed':
    case 'insufficient_funds':
      return { reachable: true, authenticated: error.code === 'insufficient_funds', latencyMs, problem };
    case 'not_found':
    case 'not_supported':
      // It answers; that this free call is not known there tells nothing about the others.
      return { reachable: true, authenticated: 'unknown', latencyMs };
    case 'backend_unavailable':
      return { reachable: error.details?.status !== undefined, authenticated: 'unknown', problem };
    default:
      return { reachable: true, authenticated: 'unknown', latencyMs, problem };
  }
}

function modelIds(body: unknown, wire: Wire): readonly string[] | undefined {
  const list = listIn(body, ['data', 'models']);
  return list?.slice(0, 500).flatMap((entry) => {
    const id = isRecord(entry) ? entry.id : entry;
    return typeof id === 'string' && id !== '' ? [wire.tell(id, 120)] : [];
  });
}

/** `GET /models` may announce a model's end. */
function endingOf(body: unknown, wire: Wire): { readonly problem?: string } {
  const { defaultModel } = wire.profile;
  const entry = listIn(body, ['data', 'models'])?.find((each) => isRecord(each) && each.id === defaultModel);
  const date = isRecord(entry) ? entry.shutdown_date : undefined;
  return typeof date === 'string' ? { problem: `${defaultModel} is announced to end on ${wire.tell(date, 40)}` } : {};
}

import { SoraError } from '../domain/errors.ts';
import { namesJob } from './answer-failure.ts';
import type { CallContext, Probe } from './backend.ts';
import type { OperationName } from './dialects/schema.ts';
import { findError, isRecord } from './envelope.ts';
import type { Answer } from './http-port.ts';
import { idsIn } from './read-video.ts';
import { listIn } from './videos.ts';
import { ask, operationOf, required, type Wire } from './wire.ts';
import { urlOf } from './write-request.ts';

/** Free calls, best first: the lists need a key where keys are needed, and every dialect can look for a job. */
const FREE = ['models', 'list', 'listCharacters', 'get'] as const satisfies readonly OperationName[];
type Free = (typeof FREE)[number];

const PLACES = { id: 'sora-mcp-probe', limit: '1' };
/** How a server says that a path is none of its own. */
const NO_PATH = new Set([404, 405, 410, 501]);
const NO_PATH_WORDS = /^invalid url\b|^cannot (get|post)\b|\bno route\b/i;

/** What one call told. `decided`: no other needs to be made. */
interface Trial {
  readonly name: Free;
  readonly decided: boolean;
  readonly probe: Probe;
  readonly status?: number | undefined;
}

/**
 * Finds out with free calls whether the upstream is there, speaks this protocol and takes the key. Ends with the first
 * answer that only such a server gives. Never throws but when cancelled.
 */
export async function probe(wire: Wire, context?: CallContext): Promise<Probe> {
  const trials: Trial[] = [];
  for (const name of FREE) {
    if (!wire.dialect.operations[name]) continue;
    const trial = await attempt(wire, name, context);
    if (trial.decided) return trial.probe;
    trials.push(trial);
  }
  const other = trials.find(({ status }) => !NO_PATH.has(status ?? 0));
  return other?.probe ?? { ...trials[0]!.probe, problem: wrongPath(wire, trials) };
}

async function attempt(wire: Wire, name: Free, context?: CallContext): Promise<Trial> {
  const begun = wire.clock();
  let heard: unknown;
  try {
    const told = (body: unknown) => {
      heard = body;
    };
    const answer = await ask(wire, name, { places: PLACES, told }, context);
    required(wire, name, hasFacts(wire, name, answer.body) || undefined, answer, {});
    return { name, decided: true, probe: accepted(wire, name, answer, begun) };
  } catch (error) {
    if (!(error instanceof SoraError) || error.code === 'cancelled') throw error;
    return { name, ...judged(error, name === 'get' && isOfProtocol(heard, error), wire.clock() - begun) };
  }
}

/** What a server of another kind would hardly say by chance. */
function hasFacts(wire: Wire, name: Free, body: unknown): boolean {
  const { answer } = wire.dialect;
  switch (name) {
    case 'models':
      return modelIds(body, wire) !== undefined;
    case 'list':
      return listIn(body, answer.videos) !== undefined;
    case 'listCharacters':
      return listIn(body, answer.characters) !== undefined;
    case 'get':
      return idsIn(body, wire).includes(PLACES.id);
    default:
      return name satisfies never;
  }
}

function accepted(wire: Wire, name: Free, { headers, body }: Answer, begun: number): Probe {
  const now = wire.clock();
  const theirs = Date.parse(headers.date ?? '');
  const models = name === 'models' ? modelIds(body, wire) : undefined;
  return {
    reachable: true,
    speaks: true,
    authenticated: name !== 'get' && wire.http.hasKey ? true : 'unknown',
    latencyMs: now - begun,
    ...(models ? { models } : {}),
    ...(Number.isNaN(theirs) ? {} : { clockSkewMs: skewOf(theirs, (begun + now) / 2) }),
    ...endingOf(body, wire),
  };
}

/** The header counts whole seconds: less than one is no difference. */
function skewOf(theirs: number, ours: number): number {
  const skew = Math.round(theirs - ours);
  return Math.abs(skew) <= 1_000 ? 0 : skew;
}

/** An error about a made-up job in the form that the protocol has for errors: somebody looked for the job. */
function isOfProtocol(body: unknown, { details }: SoraError): boolean {
  const told = isRecord(body) ? findError(body, false) : undefined;
  if (!told) return false;
  if (namesJob(told.message)) return true;
  const { status } = details ?? {};
  if (typeof status === 'number' && (status >= 500 || status === 410)) return false;
  if ((told.status ?? 0) >= 500 || NO_PATH_WORDS.test(told.message)) return false;
  // Web frameworks say these two words of every path that they do not have.
  return isRecord(body) && (isRecord(body.error) || !/^not found\.?$/i.test(told.message));
}

function judged(error: SoraError, speaks: boolean, latencyMs: number): Omit<Trial, 'name'> {
  const status = typeof error.details?.status === 'number' ? error.details.status : undefined;
  const problem = error.hint ? `${error.message}. ${error.hint}` : error.message;
  const facts = { reachable: true, speaks, authenticated: 'unknown', latencyMs } as const;
  switch (error.code) {
    case 'auth_failed':
      return { decided: true, probe: { ...facts, authenticated: false, problem } };
    case 'insufficient_funds':
      return { decided: true, probe: { ...facts, speaks: true, authenticated: true, problem } };
    case 'rate_limited':
      return { decided: speaks, status, probe: { ...facts, problem } };
    case 'backend_unavailable':
      if (status === undefined) {
        return { decided: true, probe: { reachable: false, speaks: false, authenticated: 'unknown', problem } };
      }
      return { decided: speaks, status, probe: { ...facts, problem } };
    default:
      return { decided: speaks, status, probe: speaks ? facts : { ...facts, problem } };
  }
}

function wrongPath(wire: Wire, [first, ...others]: readonly Trial[]): string {
  const { name, status } = first!;
  const { origin, pathname } = urlOf(wire.baseUrl, operationOf(wire, name), PLACES);
  const rest = others.map((each) => each.name).join(', ');
  const alike = rest === '' ? '' : `, and so did all else that was tried (${rest})`;
  const place = wire.tell(`${origin}${pathname}`, 120);
  return `${place} answered ${status}${alike}: the path of the base URL is probably wrong, or the dialect is.`;
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

import { SoraError } from '../domain/errors.ts';
import { utcDay } from '../domain/ids.ts';
import { namesJob } from './answer-failure.ts';
import type { CallContext, Probe } from './backend.ts';
import type { OperationName } from './dialects/schema.ts';
import { findError, isRecord } from './envelope.ts';
import { timeOf } from './forms.ts';
import type { Answer } from './http-port.ts';
import { idsIn } from './read-video.ts';
import { listIn } from './videos.ts';
import { ask, operationOf, required, type Wire } from './wire.ts';
import { urlOf } from './write-request.ts';

/** Free calls, best first: the lists need a key where keys are needed, and every dialect can look for a job. */
const FREE = ['models', 'list', 'listCharacters', 'get'] as const satisfies readonly OperationName[];
type Free = (typeof FREE)[number];

const PLACES = { id: 'sora-mcp-probe', limit: '1' };
const GONE = 410;
/** What a Date can hold, in unix milliseconds. */
const LAST_DAY = 8.64e15;
/** How a server says that a path is none of its own. */
const NO_PATH = new Set([404, 405, GONE, 501]);
const NO_PATH_WORDS = /^invalid url\b|^cannot (get|post)\b|\bno route\b|^unexpected endpoint\b/i;
/** Web frameworks say this of every path that they do not have. */
const NOT_FOUND = /^((file|page|path|route|resource|endpoint) )?not found\.?$/i;

/** What is told about a server beyond what every backend tells. */
export interface ServerProbe extends Probe {
  /** No key is configured, so none was sent. */
  readonly keyless?: boolean | undefined;
  /** Of the models that it lists those whose end, by its own word, is past; each with the ISO date. */
  readonly ended?: Readonly<Record<string, string>> | undefined;
}

/** What one call told. */
interface Trial {
  readonly name: Free;
  /** `sure`: no other call is needed. `some`: a server of another kind may say it too. */
  readonly proof: 'sure' | 'some' | 'none';
  readonly probe: ServerProbe;
  readonly status?: number | undefined;
  /** The answer without what it quotes of the question. */
  readonly words?: string | undefined;
}

/**
 * Finds out with free calls whether the upstream is there, speaks this protocol and takes the key. Ends with the first
 * answer that only such a server gives. Never throws but when cancelled.
 */
export async function probe(wire: Wire, context?: CallContext): Promise<ServerProbe> {
  const trials: Trial[] = [];
  for (const name of FREE) {
    if (!wire.dialect.operations[name]) continue;
    trials.push(await attempt(wire, name, trials, context));
    if (trials.at(-1)?.proof === 'sure') break;
  }
  const told = concluded(wire, trials);
  return wire.http.hasKey ? told : { ...told, keyless: true };
}

function concluded(wire: Wire, trials: readonly Trial[]): ServerProbe {
  const last = trials.at(-1)!;
  const listed = trials.find(({ name, proof }) => name === 'models' && proof === 'some')?.probe;
  if (last.proof === 'sure') return together(listed, last.probe);
  // An empty list is one, unless whatever is asked has that answer.
  const empty = trials.find(({ name, proof }) => name !== 'models' && proof === 'some');
  if (empty && empty.words !== last.words) return together(listed, empty.probe);
  const failed = trials.filter(({ proof }) => proof === 'none');
  const other = failed.find(({ status }) => !NO_PATH.has(status ?? 0));
  if (!other) return together(listed, { ...failed[0]!.probe, problem: wrongPath(wire, failed, listed !== undefined) });
  // Who lists models and has trouble with videos may well make some.
  return together(listed, { ...other.probe, ...(listed && (other.status ?? 0) >= 400 ? { speaks: true } : {}) });
}

/** What was told of the videos, and what the list of models told before. */
function together(listed: ServerProbe | undefined, told: ServerProbe): ServerProbe {
  if (!listed) return told;
  // Servers of other kinds take any key.
  const authenticated = told.speaks && told.authenticated === 'unknown' ? listed.authenticated : told.authenticated;
  return { ...listed, ...told, reachable: true, authenticated };
}

async function attempt(wire: Wire, name: Free, before: readonly Trial[], context?: CallContext): Promise<Trial> {
  const begun = wire.clock();
  let heard: unknown;
  try {
    const told = (body: unknown) => {
      heard = body;
    };
    const answer = await ask(wire, name, { places: PLACES, told }, context);
    required(wire, name, hasFacts(wire, name, answer.body) || undefined, answer, {});
    const proof = isSure(wire, name, answer.body) ? 'sure' : 'some';
    return { name, proof, probe: accepted(wire, name, answer, begun), words: wordsOf(heard) };
  } catch (error) {
    if (!(error instanceof SoraError) || error.code === 'cancelled') throw error;
    const speaks = name === 'get' && isOfProtocol(heard, error, before);
    return { name, words: wordsOf(heard), ...judged(error, speaks, wire.clock() - begun) };
  }
}

/** Servers of other kinds list models too, and some answer everything with an empty list. */
function isSure(wire: Wire, name: Free, body: unknown): boolean {
  const { answer } = wire.dialect;
  switch (name) {
    case 'models': {
      const { defaultModel } = wire.profile;
      return modelIds(body, wire)?.includes(defaultModel) === true && endedIn(body, wire)[defaultModel] === undefined;
    }
    case 'list':
      return listIn(body, answer.videos)?.length !== 0;
    case 'listCharacters':
      return listIn(body, answer.characters)?.length !== 0;
    case 'get':
      return true;
    default:
      return name satisfies never;
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

function accepted(wire: Wire, name: Free, { headers, body }: Answer, begun: number): ServerProbe {
  const now = wire.clock();
  const theirs = Date.parse(headers.date ?? '');
  return {
    reachable: true,
    speaks: true,
    authenticated: name !== 'get' && wire.http.hasKey ? true : 'unknown',
    latencyMs: now - begun,
    ...(name === 'models' ? { models: modelIds(body, wire), ended: endedIn(body, wire), ...endingOf(body, wire) } : {}),
    ...(Number.isNaN(theirs) ? {} : { clockSkewMs: skewOf(theirs, (begun + now) / 2) }),
  };
}

/** The header counts whole seconds: less than one is no difference. */
function skewOf(theirs: number, ours: number): number {
  const skew = Math.round(theirs - ours);
  return Math.abs(skew) <= 1_000 ? 0 : skew;
}

/** An error about a made-up job in the form that the protocol has for errors: somebody looked for the job. */
function isOfProtocol(body: unknown, { details }: SoraError, before: readonly Trial[]): boolean {
  const told = isRecord(body) ? findError(body, false) : undefined;
  if (!told) return false;
  if (namesJob(told.message)) return true;
  const status = typeof details?.status === 'number' ? details.status : 0;
  if (status >= 500 || status === GONE) return false;
  if ((told.status ?? 0) >= 500 || NO_PATH_WORDS.test(told.message)) return false;
  // Who says the same of another path looked for neither.
  const alike = before.some(({ proof, words }) => proof === 'none' && words === wordsOf(body));
  if (alike && (NO_PATH.has(status) || status < 300)) return false;
  const listed = before.some(({ proof }) => proof === 'some');
  return !NOT_FOUND.test(told.message) || (isRecord(body) && isRecord(body.error) && !listed);
}

function wordsOf(body: unknown): string | undefined {
  const words = (isRecord(body) ? findError(body, false)?.message : undefined) ?? JSON.stringify(body);
  return words?.replace(/\/[^\s"')]*/g, '');
}

function judged(error: SoraError, speaks: boolean, latencyMs: number): Pick<Trial, 'proof' | 'probe' | 'status'> {
  const proof = speaks ? 'sure' : 'none';
  const status = typeof error.details?.status === 'number' ? error.details.status : undefined;
  const problem = error.hint ? `${error.message}. ${error.hint}` : error.message;
  const facts = { reachable: true, speaks, authenticated: 'unknown', latencyMs } as const;
  switch (error.code) {
    case 'auth_failed':
      return { proof: 'sure', probe: { ...facts, authenticated: false, problem } };
    case 'insufficient_funds':
      return { proof: 'sure', probe: { ...facts, speaks: true, authenticated: true, problem } };
    case 'rate_limited':
      return { proof, status, probe: { ...facts, problem } };
    case 'backend_unavailable':
      if (status === undefined) {
        return { proof: 'sure', probe: { reachable: false, speaks: false, authenticated: 'unknown', problem } };
      }
      return { proof, status, probe: { ...facts, problem } };
    default:
      return { proof, status, probe: speaks ? facts : { ...facts, problem } };
  }
}

function wrongPath(wire: Wire, trials: readonly Trial[], listed: boolean): string {
  const { name, status } = trials.find((each) => each.status === GONE) ?? trials[0]!;
  const { origin, pathname } = urlOf(wire.baseUrl, operationOf(wire, name), PLACES);
  const place = `${wire.tell(`${origin}${pathname}`, 120)} answered ${status}`;
  if (status === GONE) return `${place}: it is gone from there for good. Set the base URL to that of another server.`;
  const rest = trials.filter((each) => each.name !== name).map((each) => each.name);
  const alike = rest.length === 0 ? '' : `, and so did all else that was tried (${rest.join(', ')})`;
  return listed
    ? `${place}${alike}: it lists models, but does not make videos there, or does so in another dialect.`
    : `${place}${alike}: the path of the base URL is probably wrong, or the dialect is.`;
}

function modelIds(body: unknown, wire: Wire): readonly string[] | undefined {
  return modelsIn(body)?.flatMap((entry) => {
    const id = isRecord(entry) ? entry.id : entry;
    return typeof id === 'string' && id !== '' ? [wire.tell(id, 120)] : [];
  });
}

function modelsIn(body: unknown): readonly unknown[] | undefined {
  return listIn(body, ['data', 'models'])?.slice(0, 500);
}

/** `GET /models` may tell a model's end, in unix milliseconds. */
function* endsIn(body: unknown, wire: Wire): Generator<{ readonly id: string; readonly at: number }> {
  for (const entry of modelsIn(body) ?? []) {
    const at = isRecord(entry) ? timeOf(entry.shutdown_date) : undefined;
    const dated = at !== undefined && at <= LAST_DAY;
    if (isRecord(entry) && typeof entry.id === 'string' && dated) yield { id: wire.tell(entry.id, 120), at };
  }
}

function endedIn(body: unknown, wire: Wire): Readonly<Record<string, string>> {
  const past = [...endsIn(body, wire)].filter(({ at }) => at <= wire.clock());
  return Object.fromEntries(past.map(({ id, at }) => [id, utcDay(at)]));
}

function endingOf(body: unknown, wire: Wire): { readonly problem?: string } {
  const { defaultModel } = wire.profile;
  const ending = [...endsIn(body, wire)].find(({ id, at }) => id === defaultModel && at > wire.clock());
  return ending ? { problem: `${defaultModel} is announced to end on ${utcDay(ending.at)}` } : {};
}

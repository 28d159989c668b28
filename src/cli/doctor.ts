import type { Backend, Probe } from '../backends/backend.ts';
import type { BackendProfile } from '../domain/models.ts';
import { formatUsd, fromUsd } from '../domain/money.ts';
import { clean } from '../domain/text.ts';
import type { Screen } from './session.ts';

/** `usable`: videos can be made there. `doubtful`: it answers, but something may stand in the way. */
export type Verdict = 'usable' | 'doubtful' | 'unusable';

export interface Diagnosis {
  readonly id: string;
  readonly route: string;
  readonly dialect: string;
  readonly origin: string;
  readonly verdict: Verdict;
  /** What to do about it; empty when all is well. */
  readonly todo: readonly string[];
  readonly reachable: boolean;
  readonly authenticated: Probe['authenticated'];
  readonly models: readonly string[];
  readonly latencyMs?: number | undefined;
  readonly clockSkewMs?: number | undefined;
  readonly does: readonly string[];
  readonly prices: readonly string[];
  readonly retiredOn?: string | undefined;
}

/** Beyond this, times that the two sides compare (links, reconciliation) may be misread. */
const SKEW_MS = 30_000;
const SHOWN_MODELS = 8;

/** Looks at each backend with calls that cost nothing. True when at least one is usable. */
export async function examine(backends: readonly Backend[], screen: Screen, json: boolean): Promise<boolean> {
  const diagnoses = await Promise.all(backends.map(diagnose));
  if (json) screen.line(JSON.stringify({ backends: diagnoses.map(toJson) }, null, 2));
  else for (const text of diagnoses.map(describe)) screen.line(text);
  return diagnoses.some(({ verdict }) => verdict !== 'unusable');
}

export async function diagnose(backend: Backend): Promise<Diagnosis> {
  const { profile } = backend;
  const probe = await backend.probe().catch((error: unknown): Probe => {
    return {
      reachable: false,
      authenticated: 'unknown',
      problem: error instanceof Error ? error.message : String(error),
    };
  });
  const todo = todoOf(profile, probe);
  return {
    id: profile.id,
    route: profile.route,
    dialect: profile.dialect,
    origin: profile.origin,
    verdict: verdictOf(profile, probe, todo),
    todo,
    reachable: probe.reachable,
    authenticated: probe.authenticated,
    models: probe.models ?? profile.models.map(({ id }) => id),
    latencyMs: probe.latencyMs,
    clockSkewMs: probe.clockSkewMs,
    does: does(profile),
    prices: prices(profile),
    retiredOn: profile.retired?.on,
  };
}

function verdictOf(profile: BackendProfile, probe: Probe, todo: readonly string[]): Verdict {
  if (profile.retired || !probe.reachable || probe.authenticated === false) return 'unusable';
  return todo.length === 0 ? 'usable' : 'doubtful';
}

function todoOf(profile: BackendProfile, probe: Probe): string[] {
  if (profile.retired) return [`The service ended on ${profile.retired.on}: configure ${profile.retired.instead}.`];
  const todo: string[] = [];
  if (probe.problem) todo.push(clean(probe.problem, 300));
  else if (!probe.reachable) todo.push('Check the base URL, and that the server runs and can be reached from here.');
  if (probe.authenticated === false) todo.push('Check the API key: the upstream refuses it.');
  if (probe.models && !probe.models.includes(profile.defaultModel) && probe.models.length > 0) {
    todo.push(`It does not list ${profile.defaultModel}: set default_model in SORA_CONFIG to one that it has.`);
  }
  if (Math.abs(probe.clockSkewMs ?? 0) > SKEW_MS) todo.push('The clocks differ by more than 30 s: set this machine’s.');
  return todo;
}

function does(profile: BackendProfile): string[] {
  const { capabilities: can } = profile;
  const flags: [boolean, string][] = [
    [can.createCharacter, 'creates characters'],
    [can.extractCharacter, 'extracts characters'],
    [can.listCharacters, 'lists characters'],
    [can.referenceImage, 'reference image'],
    [can.referenceVideo, 'reference video'],
    [can.remix, 'remix'],
    [can.edit, 'edit'],
    [can.extend, 'extend'],
    [can.listVideos, 'lists jobs'],
    [can.thumbnail, 'thumbnails'],
  ];
  const most = can.maxCharacters > 0 ? [`up to ${can.maxCharacters} characters a video`] : [];
  return [...most, ...flags.filter(([has]) => has).map(([, name]) => name)];
}

function prices(profile: BackendProfile): string[] {
  if (profile.rates.length === 0) return ['unknown'];
  return profile.rates.map((rate) => {
    const size = rate.shortSides ? ` ${rate.shortSides.join('/')}p` : '';
    return `${rate.model}${size} ${formatUsd(fromUsd(rate.usd))} a ${rate.unit} (${rate.source}, ${rate.asOf})`;
  });
}

function describe(found: Diagnosis): string {
  const mark = { usable: '✓', doubtful: '?', unusable: '✗' }[found.verdict];
  const rows: [string, string][] = [
    ['at', `${found.origin}, ${found.dialect} (${found.route})`],
    [
      'reached',
      found.reachable ? `yes${found.latencyMs === undefined ? '' : `, ${Math.round(found.latencyMs)} ms`}` : 'no',
    ],
    [
      'key',
      { true: 'accepted', false: 'refused', unknown: 'cannot be told without a paid call' }[`${found.authenticated}`],
    ],
    ['clock', found.clockSkewMs === undefined ? 'not told' : `${Math.round(found.clockSkewMs / 1000)} s apart`],
    [
      'models',
      `${found.models.slice(0, SHOWN_MODELS).join(', ') || 'not told'}${found.models.length > SHOWN_MODELS ? ', …' : ''}`,
    ],
    ['does', found.does.join(', ') || 'text to video only'],
    ['prices', found.prices.join('; ')],
    ...found.todo.map((todo): [string, string] => ['to do', todo]),
  ];
  return [`${mark} ${found.id}: ${found.verdict}`, ...rows.map(([name, text]) => `    ${name.padEnd(8)} ${text}`)].join(
    '\n',
  );
}

function toJson({ latencyMs, clockSkewMs, retiredOn, ...rest }: Diagnosis) {
  return { ...rest, latency_ms: latencyMs, clock_skew_ms: clockSkewMs, retired_on: retiredOn };
}

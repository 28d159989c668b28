import type { GuardedBackend } from '../backends/guarded.ts';
import type { ServerProbe } from '../backends/probe.ts';
import type { BackendHealth } from '../domain/health.ts';
import { isoTime } from '../domain/ids.ts';
import type { BackendProfile } from '../domain/models.ts';
import { formatUsd, fromUsd } from '../domain/money.ts';
import { clean } from '../domain/text.ts';
import { isRetired } from '../routing/fit.ts';
import type { Screen } from './session.ts';

/**
 * `usable`: videos can be made there. `doubtful`: it answers in its protocol, but something may stand in the way.
 * `unusable`: none can be made there now, or nothing came that speaks for its protocol.
 */
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
  readonly speaks: boolean;
  readonly authenticated: ServerProbe['authenticated'];
  readonly keyless?: boolean | undefined;
  readonly models: readonly ModelFound[];
  readonly latencyMs?: number | undefined;
  readonly clockSkewMs?: number | undefined;
  readonly does: readonly string[];
  readonly prices: readonly string[];
  readonly retiredOn?: string | undefined;
  /** ISO 8601: it said that it is gone, and nothing is created there before this. */
  readonly goneUntil?: string | undefined;
}

/** A model that the upstream lists or the configuration names. */
export interface ModelFound {
  readonly id: string;
  readonly retired?: boolean | undefined;
  /** ISO date; of one that is not retired yet, when it will be. */
  readonly retiredOn?: string | undefined;
  /** What to use instead. */
  readonly replacement?: string | undefined;
  /** ISO 8601: the upstream said that it does not have it, and it is not asked for before this. */
  readonly goneUntil?: string | undefined;
}

/** Beyond this, times that the two sides compare (links, reconciliation) may be misread. */
const SKEW_MS = 30_000;
const SHOWN_MODELS = 8;

/** Looks at each backend with calls that cost nothing. True when at least one is usable. */
export async function examine(backends: readonly GuardedBackend[], screen: Screen, json: boolean): Promise<boolean> {
  const diagnoses = await Promise.all(backends.map(diagnose));
  if (json) screen.line(JSON.stringify({ backends: diagnoses.map(toJson) }, null, 2));
  else for (const text of diagnoses.map(describe)) screen.line(text);
  return diagnoses.some(({ verdict }) => verdict !== 'unusable');
}

export async function diagnose(backend: GuardedBackend): Promise<Diagnosis> {
  const { profile } = backend;
  const probe = await backend.probe().catch((error: unknown): ServerProbe => {
    return {
      reachable: false,
      speaks: false,
      authenticated: 'unknown',
      problem: error instanceof Error ? error.message : String(error),
    };
  });
  const health = backend.health();
  const models = modelsOf(profile, probe, health);
  const todo = todoOf(profile, probe, health, models);
  return {
    id: profile.id,
    route: profile.route,
    dialect: profile.dialect,
    origin: profile.origin,
    verdict: verdictOf(profile, probe, health, models, todo),
    todo,
    reachable: probe.reachable,
    speaks: probe.speaks,
    authenticated: probe.authenticated,
    keyless: probe.keyless,
    models,
    latencyMs: probe.latencyMs,
    clockSkewMs: probe.clockSkewMs,
    does: does(profile),
    prices: prices(profile),
    retiredOn: profile.retired?.on,
    goneUntil: health.state === 'gone' ? timeOf(health.until) : undefined,
  };
}

function modelsOf(profile: BackendProfile, probe: ServerProbe, { goneModels }: BackendHealth): readonly ModelFound[] {
  const ids = new Set([...(probe.models ?? []), ...profile.models.map(({ id }) => id), ...Object.keys(goneModels)]);
  const found = [...ids].map((id) => {
    const offer = profile.models.find((each) => each.id === id);
    const goneUntil = timeOf(goneModels[id]);
    const ended = probe.ended?.[id];
    const retired = ended !== undefined || (offer && isRetired(offer, Date.now())) ? true : undefined;
    return { id, goneUntil, retired, retiredOn: ended ?? offer?.retiredOn, replacement: offer?.replacement };
  });
  // What the upstream lists is what it has; of the others only those are told that it has no more.
  return probe.models ? found.filter((each) => probe.models?.includes(each.id) || isOver(each)) : found;
}

function isOver({ retired, goneUntil }: ModelFound): boolean {
  return retired === true || goneUntil !== undefined;
}

function verdictOf(
  profile: BackendProfile,
  probe: ServerProbe,
  health: BackendHealth,
  models: readonly ModelFound[],
  todo: readonly string[],
): Verdict {
  const over = profile.retired !== undefined || health.state === 'gone' || (models.length > 0 && models.every(isOver));
  if (over || !probe.reachable || !probe.speaks || probe.authenticated === false) return 'unusable';
  return todo.length === 0 ? 'usable' : 'doubtful';
}

function todoOf(
  profile: BackendProfile,
  probe: ServerProbe,
  health: BackendHealth,
  models: readonly ModelFound[],
): string[] {
  if (profile.retired) return [`The service ended on ${profile.retired.on}: configure ${profile.retired.instead}.`];
  const todo: string[] = [];
  if (health.state === 'gone') {
    const until = timeOf(health.until) ?? 'it is asked again';
    todo.push(`${health.reason ?? 'It said that it is gone'}.`);
    todo.push(`Nothing is created there before ${until}; a corrected base URL or dialect is tried at once.`);
  } else if (health.state === 'up' && health.reason) todo.push(`It is ${health.reason}: look for another one.`);
  if (probe.problem) todo.push(clean(probe.problem, 300));
  else if (!probe.reachable) todo.push('Check the base URL, and that the server runs and can be reached from here.');
  if (probe.authenticated === false) {
    todo.push(
      probe.keyless ? 'Set an API key: the upstream asks for one.' : 'Check the API key: the upstream refuses it.',
    );
  }
  if (probe.speaks && probe.models && !probe.models.includes(profile.defaultModel) && probe.models.length > 0) {
    todo.push(`It does not list ${profile.defaultModel}: set default_model in SORA_CONFIG to one that it has.`);
  }
  const usual = models.find(({ id }) => id === profile.defaultModel);
  if (usual && isOver(usual)) todo.push(`Set default_model to another one: ${described(usual)}.`);
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
    ['reached', reachedLine(found)],
    ['key', keyLine(found)],
    ['clock', found.clockSkewMs === undefined ? 'not told' : `${Math.round(found.clockSkewMs / 1000)} s apart`],
    ['models', modelLine(found.models)],
    ['does', found.does.join(', ') || 'text to video only'],
    ['prices', found.prices.join('; ')],
    ...found.todo.map((todo): [string, string] => ['to do', todo]),
  ];
  return [`${mark} ${found.id}: ${found.verdict}`, ...rows.map(([name, text]) => `    ${name.padEnd(8)} ${text}`)].join(
    '\n',
  );
}

function keyLine({ authenticated, keyless }: Diagnosis): string {
  if (keyless) return authenticated === false ? 'none is set, and one is asked for' : 'none is set';
  return { true: 'accepted', false: 'refused', unknown: 'cannot be told without a paid call' }[`${authenticated}`];
}

function reachedLine({ reachable, speaks, authenticated, latencyMs }: Diagnosis): string {
  if (!reachable) return 'no';
  const time = latencyMs === undefined ? '' : `, ${Math.round(latencyMs)} ms`;
  return `yes${time}${speaks || authenticated === false ? '' : ', but nothing came of its protocol'}`;
}

/** Those that are over come first: they are what must be seen. */
function modelLine(models: readonly ModelFound[]): string {
  const all = [...models.filter(isOver), ...models.filter((each) => !isOver(each))];
  return `${all.slice(0, SHOWN_MODELS).map(described).join(', ') || 'not told'}${all.length > SHOWN_MODELS ? ', …' : ''}`;
}

function described({ id, retired, retiredOn, replacement, goneUntil }: ModelFound): string {
  const facts = [
    retired ? (retiredOn ? `ended on ${retiredOn}` : 'retired') : retiredOn && `ends on ${retiredOn}`,
    goneUntil && `not there, not asked for before ${goneUntil}`,
    replacement && `use ${replacement}`,
  ].filter((fact) => fact);
  return facts.length === 0 ? id : `${id} (${facts.join('; ')})`;
}

function timeOf(time: number | undefined): string | undefined {
  return time === undefined ? undefined : isoTime(time);
}

function toJson({ latencyMs, clockSkewMs, retiredOn, goneUntil, models, ...rest }: Diagnosis) {
  return {
    ...rest,
    models: models.map(({ retiredOn: on, goneUntil: until, ...each }) => ({
      ...each,
      retired_on: on,
      gone_until: until,
    })),
    latency_ms: latencyMs,
    clock_skew_ms: clockSkewMs,
    retired_on: retiredOn,
    gone_until: goneUntil,
  };
}

import * as z from 'zod/v4';
import type { BackendConfig, Budget, ConfigFacts, ModelConfig, Problem } from './config.ts';
import type { FileConfig, FileWorkspace } from './config-env.ts';
import { checkBaseUrl, checkDialect, DIALECT_NAMES, LOCAL_WORKSPACE, secret, unsubstituted } from './config-values.ts';
import { utcDay } from './domain/ids.ts';
import { MODEL_STATUSES, type Rate } from './domain/models.ts';
import { fromUsd } from './domain/money.ts';
import { ROUTES, type Route, type Size } from './domain/video.ts';

const anyDocument = z.record(z.string(), z.unknown());
const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is not the name of an environment variable');
const usd = z.number().min(0).max(1_000_000);
const date = z.iso.date();
const size = z.string().regex(/^[1-9]\d{1,4}x[1-9]\d{1,4}$/, 'is not a size; write e.g. 1280x720');

const rate = z.strictObject({
  model: z.string().min(1).describe('Model name; * for every model without a rate of its own.'),
  unit: z.enum(['second', 'video']),
  usd: usd.describe('US dollars a unit.'),
  short_sides: z.array(z.int().positive()).min(1).optional().describe('Sizes it holds for, by shorter side in pixels.'),
  source: z.string().min(1).max(120).default('configuration file'),
  as_of: date.optional().describe('Date of the price; default today.'),
  confidence: z.enum(['exact', 'estimated']).default('exact'),
});

const model = z.union([
  z.string().min(1),
  z.strictObject({
    id: z.string().min(1),
    status: z.enum(MODEL_STATUSES).optional(),
    retired_on: date.optional(),
    replacement: z.string().min(1).optional(),
    sizes: z.array(size).optional().describe('Empty: any.'),
    seconds: z.array(z.number().positive().max(600)).optional().describe('Lengths it makes; empty: any.'),
  }),
]);

const limits = z.strictObject({
  creates_per_minute: z.int().positive().optional(),
  reads_per_minute: z.int().positive().optional(),
  concurrent_jobs: z.int().positive().optional(),
  min_poll_seconds: z.number().min(0.1).max(3_600).optional(),
  link_lifetime_seconds: z.int().positive().optional(),
  usual_job_seconds: z.number().positive().max(86_400).optional().describe('How long a job takes, until it is known.'),
});

const name = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'must be 1 to 40 of a-z, 0-9 and -, starting with a letter');

function backend(document: z.ZodType) {
  return z.strictObject({
    id: name.describe('Your name for it, unique.'),
    route: z.enum(ROUTES),
    dialect: z.union([z.string(), document]).describe('A shipped dialect, or one described here.'),
    base_url: z.string(),
    api_key_env: variable.optional().describe('Name of the variable that holds the key; none: no authorization.'),
    default_model: z.string().min(1).optional(),
    models: z.array(model).optional(),
    rates: z.array(rate).optional(),
    character_usd: usd.optional().describe('US dollars for making one character.'),
    limits: limits.optional(),
    weight: z.number().min(0).max(100).default(1).describe('At the same price the higher one is preferred.'),
  });
}

const workspace = z.strictObject({
  name: name.describe('Its own catalog, tasks and budget.'),
  token_env: variable.describe('Name of the variable that holds its bearer token.'),
  budget_usd_day: usd.optional(),
  budget_usd_month: usd.optional(),
  max_usd_per_video: usd.optional(),
  confirm_usd: usd.optional(),
});

/** The file that `SORA_CONFIG` names. `dialect`: what may stand in it to describe a dialect. */
export function configFileSchema(dialect: z.ZodType = anyDocument) {
  return z.strictObject({
    $schema: z.string().optional(),
    backends: z.array(backend(dialect)).max(50).default([]),
    workspaces: z.array(workspace).max(1_000).default([]).describe('Tenants of the HTTP server.'),
  });
}

export function configFileJsonSchema(dialect?: z.ZodType): Record<string, unknown> {
  return z.toJSONSchema(configFileSchema(dialect), { io: 'input' });
}

type FileBackend = z.infer<ReturnType<typeof backend>>;

/** Reads the file's text; what is wrong goes onto `problems`, each with its path in the file. */
export async function readConfigFile(
  text: string,
  facts: ConfigFacts,
  problems: Problem[],
): Promise<FileConfig | undefined> {
  // JSON never has this character as it is: every second byte of UTF-16 is one.
  if (text.includes('\0')) {
    const message = 'the file is UTF-16, as > of Windows PowerShell 5 writes it: save it as UTF-8';
    problems.push({ where: 'SORA_CONFIG', message });
    return undefined;
  }
  let document: unknown;
  try {
    document = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    problems.push({ where: 'SORA_CONFIG', message: `the file is not JSON: ${(error as Error).message}` });
    return undefined;
  }
  const before = problems.length;
  lookForTraps(document, '', problems);
  // Dialects are judged below, each for its route, so that complaints about them have their exact path.
  const parsed = configFileSchema().safeParse(document);
  if (!parsed.success) {
    const trapped = new Set(problems.slice(before).map((each) => each.where));
    for (const issue of parsed.error.issues) {
      for (const problem of complaints(issue)) if (!trapped.has(problem.where)) problems.push(problem);
    }
    return undefined;
  }
  const { backends, workspaces } = parsed.data;
  unique(
    backends.map((each) => each.id),
    'backends',
    'id',
    problems,
  );
  unique(
    workspaces.map((each) => each.name),
    'workspaces',
    'name',
    problems,
  );
  for (const [index, { dialect, route }] of backends.entries()) {
    problems.push(...(await dialectProblems(dialect, route, `backends[${index}].dialect`, facts)));
  }
  return {
    backends: backends.map((each, index) => toBackend(each, `backends[${index}]`, facts, problems)),
    workspaces: workspaces.map((each, index) => toWorkspace(each, `workspaces[${index}]`, problems)),
  };
}

async function dialectProblems(told: unknown, route: Route, where: string, facts: ConfigFacts): Promise<Problem[]> {
  const names = facts.dialects ?? DIALECT_NAMES;
  if (typeof told === 'string') return namingProblem(checkDialect(told, route, names), where);
  const base = (told as Readonly<Record<string, unknown>>).extends;
  const misnamed = base === undefined ? undefined : checkDialect(String(base), route, names);
  if (misnamed) return namingProblem(misnamed, `${where}.extends`);
  const issues = (await facts.dialectIssues?.(told, route)) ?? [];
  return issues.flatMap((issue) => complaints(issue)).map((each) => ({ ...each, where: join(where, each.where) }));
}

function namingProblem(message: string | undefined, where: string): Problem[] {
  return message === undefined ? [] : [{ where, message }];
}

function toBackend(given: FileBackend, from: string, facts: ConfigFacts, problems: Problem[]): BackendConfig {
  const address = checkBaseUrl(given.base_url);
  if ('problem' in address) problems.push({ where: `${from}.base_url`, message: address.problem });
  const apiKey = given.api_key_env === undefined ? undefined : secret(facts.env, given.api_key_env, problems);
  if (given.api_key_env !== undefined && apiKey === undefined) {
    const message = `the variable ${given.api_key_env} holds no key; set it, or leave api_key_env out if none is needed`;
    problems.push({ where: `${from}.api_key_env`, message });
  }
  const limits = given.limits && {
    createsPerMinute: given.limits.creates_per_minute,
    readsPerMinute: given.limits.reads_per_minute,
    concurrentJobs: given.limits.concurrent_jobs,
    minPollMs: given.limits.min_poll_seconds === undefined ? undefined : given.limits.min_poll_seconds * 1000,
    linkLifetimeSeconds: given.limits.link_lifetime_seconds,
    usualJobMs: given.limits.usual_job_seconds === undefined ? undefined : given.limits.usual_job_seconds * 1000,
  };
  return present({
    id: given.id,
    route: given.route,
    dialect: given.dialect as string | Readonly<Record<string, unknown>>,
    baseUrl: 'url' in address ? address.url : given.base_url,
    apiKey,
    defaultModel: given.default_model,
    models: given.models?.map(toModel),
    rates: given.rates?.map((each) => toRate(each, facts.now)),
    characterUsd: given.character_usd,
    limits: limits && present(limits),
    weight: given.weight,
    from,
  }) as BackendConfig;
}

function toModel(given: z.infer<typeof model>): ModelConfig {
  if (typeof given === 'string') return { id: given };
  return present({
    id: given.id,
    status: given.status,
    retiredOn: given.retired_on,
    replacement: given.replacement,
    sizes: given.sizes as Size[] | undefined,
    seconds: given.seconds && [...given.seconds].sort((a, b) => a - b),
  }) as ModelConfig;
}

function toRate({ short_sides, as_of, ...rest }: z.infer<typeof rate>, now: number): Rate {
  return { ...rest, asOf: as_of ?? utcDay(now), ...(short_sides ? { shortSides: short_sides } : {}) };
}

function toWorkspace(given: z.infer<typeof workspace>, from: string, problems: Problem[]): FileWorkspace {
  if (given.name === LOCAL_WORKSPACE) {
    const message = `"${LOCAL_WORKSPACE}" is the workspace of SORA_HTTP_TOKEN; use another name`;
    problems.push({ where: `${from}.name`, message });
  }
  const micro = (amount: number | undefined) => (amount === undefined ? undefined : fromUsd(amount));
  const budget: Budget = {
    day: micro(given.budget_usd_day),
    month: micro(given.budget_usd_month),
    perVideo: micro(given.max_usd_per_video),
    confirmAbove: micro(given.confirm_usd),
  };
  return { name: given.name, tokenEnv: given.token_env, budget: present(budget), from };
}

/** Keys that stand in the file, and variables that nobody filled in, wherever they are. Values are not quoted. */
function lookForTraps(value: unknown, path: string, problems: Problem[]): void {
  const isDialect = /\.dialect\b/.test(path);
  if (typeof value === 'string' && !isDialect) {
    const message = unsubstituted(value);
    if (message) problems.push({ where: path, message });
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const where = Array.isArray(value) ? `${path}[${key}]` : join(path, key);
    const literal = typeof inner === 'string' && (isDialect ? isKey(key, inner, path) : KEY_FIELD.test(key));
    if (literal) {
      const instead = /token/i.test(key) && !isDialect ? 'token_env' : 'api_key_env';
      problems.push({
        where,
        message: `keys never stand in the file: put it in a variable and name that with "${instead}"`,
      });
    } else lookForTraps(inner, where, problems);
  }
}

const KEY_FIELD = /^(api_?key|key|token|http_token|secret|password)$/i;
const KEY_ON_THE_WIRE =
  /^(x[-_])?((api|access|auth)[-_]?(key|token)|secret[-_]?key|client[-_]?secret|password|authorization)$/i;
/** Keys by their form. Names of models and providers begin like some, but are words. */
const KEY_VALUE = /^bearer\s+(?=\S*\d|\S{20})[\w.~+/=-]{8,}$|^(sk-|AIza)[\w-]{8,}$|^(xai-|gsk_|hf_)[a-z0-9]{20,}$/i;
/** Letters and digits by turns, as in no word: `image2video`, `1280x720` and `oauth2` have fewer. */
const RANDOM = /[a-z]\d+[a-z]+\d|\d[a-z]+\d+[a-z]/i;

/** In a dialect the same words may name a field, so that its value must look like a key too. */
function isKey(name: string, value: string, path: string): boolean {
  if (KEY_VALUE.test(value)) return true;
  if (!/\.(constants|with|query)\b/.test(path)) return false;
  const shortest = KEY_ON_THE_WIRE.test(name) ? 6 : KEY_FIELD.test(name) ? 12 : Number.POSITIVE_INFINITY;
  return value.split(/[^a-z0-9]+/i).some((run) => run.length >= shortest && RANDOM.test(run));
}

function complaints(issue: z.core.$ZodIssue): Problem[] {
  const at = issue.path.reduce<string>(
    (path, part) => (typeof part === 'number' ? `${path}[${part}]` : join(path, String(part))),
    '',
  );
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ where: join(at, key), message: 'is not known here' }));
  }
  // What has the right kind of value for one of several forms was meant to be that form.
  const meant = issue.code === 'invalid_union' ? issue.errors.find(isInside) : undefined;
  if (meant) return meant.flatMap((inner) => complaints({ ...inner, path: [...issue.path, ...inner.path] }));
  return [{ where: at || 'SORA_CONFIG', message: issue.message }];
}

function isInside(issues: readonly z.core.$ZodIssue[]): boolean {
  return issues.every(({ path, code }) => path.length > 0 || code === 'unrecognized_keys');
}

function unique(names: readonly string[], list: string, field: string, problems: Problem[]): void {
  names.forEach((each, index) => {
    const first = names.indexOf(each);
    if (first < index)
      problems.push({ where: `${list}[${index}].${field}`, message: `"${each}" is ${list}[${first}] already` });
  });
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

/** Without the fields that are undefined. */
function present<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;
}

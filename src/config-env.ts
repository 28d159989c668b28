import type { BackendConfig, Budget, Config, ConfigFacts, Problem, WorkspaceConfig } from './config.ts';
import type { CommandLine } from './config-command.ts';
import {
  absolute,
  checkBaseUrl,
  checkDialect,
  DIALECT_NAMES,
  hosts,
  isLoopback,
  LOCAL_WORKSPACE,
  pathsOf,
  sameOrigin,
  secret,
  setting,
  split,
  token,
  usd,
} from './config-values.ts';
import { clean, nearest } from './domain/text.ts';
import { ROUTES, type Route } from './domain/video.ts';

/** What the configuration file adds. */
export interface FileConfig {
  readonly backends: readonly BackendConfig[];
  readonly workspaces: readonly FileWorkspace[];
}

export interface FileWorkspace {
  readonly name: string;
  readonly tokenEnv: string;
  readonly budget: Budget;
  readonly from: string;
}

const VARIABLES = {
  forwarding: {
    url: 'SORA_FORWARDING_BASE_URL',
    key: 'SORA_FORWARDING_API_KEY',
    dialect: 'SORA_FORWARDING_DIALECT',
    usual: 'openai',
  },
  reverse: {
    url: 'SORA_REVERSE_BASE_URL',
    key: 'SORA_REVERSE_API_KEY',
    dialect: 'SORA_REVERSE_DIALECT',
    usual: 'seed',
  },
} as const satisfies Record<Route, unknown>;

const OTHER_NAMES = [
  ...['SORA_BASE_URL', 'SORA_API_KEY', 'SORA_CONFIG', 'SORA_DATA_DIR', 'SORA_INPUT_DIRS', 'SORA_PROJECT'],
  ...['SORA_BUDGET_USD_DAY', 'SORA_BUDGET_USD_MONTH', 'SORA_MAX_USD_PER_VIDEO', 'SORA_CONFIRM_USD'],
  ...['SORA_HTTP_TOKEN', 'SORA_HTTP_ALLOWED_HOSTS', 'SORA_HTTP_PUBLIC_URL', 'SORA_FETCH_HOSTS'],
];

/** The environment's part, joined with the file's. Pushes all that is wrong onto `problems`. */
export function readEnvironment(
  facts: ConfigFacts,
  line: CommandLine,
  file: FileConfig | undefined,
  problems: Problem[],
): Config {
  const { env } = facts;
  const get = (name: string) => setting(env, name, problems);
  const http = line.command.name === 'http' ? line.command : undefined;
  const notes: string[] = [];
  const named = get('SORA_CONFIG');
  if (named !== undefined && !(facts.file && 'text' in facts.file)) {
    const why = facts.file ? `: ${facts.file.error}` : '';
    problems.push({ where: 'SORA_CONFIG', message: `the file ${named} cannot be read${why}` });
  }
  const own = envBackends(facts, problems, notes);
  for (const { id, from } of file?.backends ?? []) {
    const twin = own.find((each) => each.id === id);
    if (twin)
      problems.push({ where: `${from}.id`, message: `"${id}" is what ${twin.from} configures; use another id` });
  }
  const backends = [...own, ...(file?.backends ?? [])];
  const dataDir = absolute(get('SORA_DATA_DIR') ?? defaultDataDir(facts), facts);
  const budget = envBudget(facts, problems);
  const publicUrl = baseUrl(facts, 'SORA_HTTP_PUBLIC_URL', problems);
  const namedHosts = hosts(env, 'SORA_HTTP_ALLOWED_HOSTS', 'with ports', problems);
  const allowedHosts = [...new Set([...namedHosts, ...(publicUrl === undefined ? [] : [new URL(publicUrl).hostname])])];
  const fetchHosts = hosts(env, 'SORA_FETCH_HOSTS', 'without ports', problems);
  const workspaces = http ? readWorkspaces(facts, file, budget, problems) : [];
  if (http && !isLoopback(http.host)) {
    const open = `listening on ${http.host} lets other machines in`;
    if (workspaces.length === 0) problems.push({ where: 'SORA_HTTP_TOKEN', message: `${open}: set a token` });
    if (allowedHosts.length === 0) {
      const message = `${open}: name the hosts it is reached by, e.g. video.example.org`;
      problems.push({ where: 'SORA_HTTP_ALLOWED_HOSTS', message });
    }
  }
  notes.push(...strayNames(facts, file));
  return {
    command: line.command,
    logFormat: line.logFormat,
    sandbox: backends.length === 0,
    backends,
    dataDir,
    inputDirs: inputDirs(facts, get('SORA_INPUT_DIRS'), http ? [] : [dataDir, facts.cwd]),
    project: clean(get('SORA_PROJECT') ?? pathsOf(facts.platform).basename(facts.cwd), 60) || 'default',
    budget,
    workspaces,
    allowedHosts,
    publicUrl,
    fetchHosts,
    notes,
  };
}

function envBackends(facts: ConfigFacts, problems: Problem[], notes: string[]): BackendConfig[] {
  const { env } = facts;
  const given = (name: string) => (env[name]?.trim() ?? '') !== '';
  const shared = baseUrl(facts, 'SORA_BASE_URL', problems);
  const sharedKey = secret(env, 'SORA_API_KEY', problems);
  const backends: BackendConfig[] = [];
  const borrowers: string[] = [];
  for (const route of ROUTES) {
    const names = VARIABLES[route];
    const ownUrl = baseUrl(facts, names.url, problems);
    const ownKey = secret(env, names.key, problems);
    const dialect = setting(env, names.dialect, problems) ?? names.usual;
    const wrong = checkDialect(dialect, route, facts.dialects ?? DIALECT_NAMES);
    if (wrong) problems.push({ where: names.dialect, message: wrong });
    const addressed = given(names.url) || given('SORA_BASE_URL');
    if (!addressed && ownKey) {
      problems.push({ where: names.key, message: `a key without an address: set ${names.url} (or SORA_BASE_URL) too` });
    }
    if (!addressed && given(names.dialect)) notes.push(`${names.dialect} has no effect without ${names.url}.`);
    const url = ownUrl ?? shared;
    if (url === undefined) continue;
    // A key is never sent to a host that it was not given for.
    const borrowed = ownUrl === undefined || shared === undefined || sameOrigin(ownUrl, shared) ? sharedKey : undefined;
    if (ownUrl !== undefined && shared === undefined && ownKey === undefined && borrowed) borrowers.push(ownUrl);
    const apiKey = ownKey ?? borrowed;
    const from = ownUrl === undefined ? 'SORA_BASE_URL' : names.url;
    backends.push({
      id: route,
      idImplied: true,
      route,
      dialect,
      baseUrl: url,
      ...(apiKey ? { apiKey } : {}),
      weight: 1,
      from,
    });
  }
  const [first, second] = borrowers;
  if (first !== undefined && second !== undefined && !sameOrigin(first, second)) {
    const message = `would go to two hosts; set ${VARIABLES.forwarding.key} and ${VARIABLES.reverse.key} instead`;
    problems.push({ where: 'SORA_API_KEY', message });
  }
  if (sharedKey && !['SORA_BASE_URL', ...ROUTES.map((route) => VARIABLES[route].url)].some(given)) {
    const message = 'a key without an address: set SORA_BASE_URL to its gateway, or unset the key for the sandbox';
    problems.push({ where: 'SORA_API_KEY', message });
  }
  return backends;
}

function baseUrl({ env }: ConfigFacts, name: string, problems: Problem[]): string | undefined {
  const text = setting(env, name, problems);
  if (text === undefined) return undefined;
  const result = checkBaseUrl(text);
  if ('url' in result) return result.url;
  problems.push({ where: name, message: result.problem });
  return undefined;
}

function envBudget({ env }: ConfigFacts, problems: Problem[]): Budget {
  const entries = {
    day: usd(env, 'SORA_BUDGET_USD_DAY', problems),
    month: usd(env, 'SORA_BUDGET_USD_MONTH', problems),
    perVideo: usd(env, 'SORA_MAX_USD_PER_VIDEO', problems),
    confirmAbove: usd(env, 'SORA_CONFIRM_USD', problems),
  };
  return Object.fromEntries(Object.entries(entries).filter(([, amount]) => amount !== undefined));
}

function readWorkspaces(
  { env }: ConfigFacts,
  file: FileConfig | undefined,
  budget: Budget,
  problems: Problem[],
): WorkspaceConfig[] {
  const workspaces: WorkspaceConfig[] = [];
  const owners = new Map<string, string>();
  const add = (name: string, variable: string, where: string, limits: Budget, needed: boolean) => {
    const value = token(env, variable, problems);
    if (value === undefined) {
      if (needed) problems.push({ where, message: `the variable ${variable} holds no token; set it` });
      return;
    }
    const owner = owners.get(value.reveal());
    if (owner) problems.push({ where, message: `has the same token as ${owner}; each workspace needs its own` });
    owners.set(value.reveal(), name);
    workspaces.push({ name, token: value, budget: limits });
  };
  add(LOCAL_WORKSPACE, 'SORA_HTTP_TOKEN', 'SORA_HTTP_TOKEN', budget, false);
  for (const { name, tokenEnv, from, budget: limits } of file?.workspaces ?? []) {
    add(name, tokenEnv, `${from}.token_env`, { ...budget, ...limits }, true);
  }
  return workspaces;
}

function inputDirs(facts: ConfigFacts, given: string | undefined, usual: readonly string[]): string[] {
  const paths = pathsOf(facts.platform);
  if (given !== undefined) return split(given, paths.delimiter).map((path) => absolute(path, facts));
  // Clients that start a server in the root directory do not mean to open the whole disk.
  return usual.filter((path) => paths.dirname(path) !== path);
}

function defaultDataDir({ env, platform, home }: ConfigFacts): string {
  const paths = pathsOf(platform);
  switch (platform) {
    case 'win32':
      return paths.join(env.LOCALAPPDATA || paths.join(home, 'AppData', 'Local'), 'sora-mcp');
    case 'darwin':
      return paths.join(home, 'Library', 'Application Support', 'sora-mcp');
    default:
      return paths.join(env.XDG_DATA_HOME || paths.join(home, '.local', 'share'), 'sora-mcp');
  }
}

/** A variable that looks like ours and is none is most likely a typing error. */
function strayNames({ env }: ConfigFacts, file: FileConfig | undefined): string[] {
  const known = [...OTHER_NAMES, ...ROUTES.flatMap((route) => Object.values(VARIABLES[route]))];
  const used = new Set([...known, ...(file?.workspaces ?? []).map((each) => each.tokenEnv)]);
  return Object.keys(env).flatMap((name) => {
    if (!name.startsWith('SORA_') || used.has(name)) return [];
    const [near] = nearest(name, known, 1);
    return near && Math.abs(near.length - name.length) <= 3 ? [`${name} is not known; did you mean ${near}?`] : [];
  });
}

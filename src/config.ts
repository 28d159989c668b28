import type { core } from 'zod/v4';
import { type Command, type LogFormat, parseCommand } from './config-command.ts';
import { readEnvironment } from './config-env.ts';
import { absolute, type Place } from './config-values.ts';
import type { BackendLimits, ModelOffer, Rate } from './domain/models.ts';
import type { MicroUsd } from './domain/money.ts';
import type { Secret } from './domain/secret.ts';
import type { Route } from './domain/video.ts';

export { type Command, type CommandLine, type LogFormat, parseCommand, USAGE } from './config-command.ts';
export { DIALECT_NAMES, LOCAL_WORKSPACE } from './config-values.ts';

/** Everything the process was told, checked, frozen. Keys and tokens are wrapped so that they cannot be printed. */
export interface Config {
  readonly command: Command;
  /** Of the log on stderr. `--log-format`, default `text`. */
  readonly logFormat: LogFormat;
  /** No backend is configured: the embedded upstream serves both routes. */
  readonly sandbox: boolean;
  /** In order of configuration: the environment's `forwarding` and `reverse`, then the file's. Empty in the sandbox. */
  readonly backends: readonly BackendConfig[];
  /** Absolute. `SORA_DATA_DIR`, default the platform's place for an application's data. */
  readonly dataDir: string;
  /** Absolute; local files that a caller names must lie in one of them. `SORA_INPUT_DIRS`, default the data and the working directory; none over HTTP. */
  readonly inputDirs: readonly string[];
  /** The label of this server's entries in the ledger. `SORA_PROJECT`, default the working directory's name; at most 60 characters. */
  readonly project: string;
  /** The limits of the workspace `local`. */
  readonly budget: Budget;
  /** Who may use the server over HTTP; each has its own catalog, tasks and budget. Empty: a token is to be made for `local`. */
  readonly workspaces: readonly WorkspaceConfig[];
  /** Host names that HTTP requests may be addressed to, besides the loopback ones. `SORA_HTTP_ALLOWED_HOSTS`, comma-separated. */
  readonly allowedHosts: readonly string[];
  /** Where clients reach the HTTP server, if it stands behind a proxy; its host is allowed. `SORA_HTTP_PUBLIC_URL`. */
  readonly publicUrl?: string | undefined;
  /** Host names that may be fetched from although they lie inside the network. `SORA_FETCH_HOSTS`, comma-separated; default none. */
  readonly fetchHosts: readonly string[];
  /** Things that look like mistakes but stop nothing; for stderr. */
  readonly notes: readonly string[];
}

/** One upstream, as configured. What is absent comes from its dialect. */
export interface BackendConfig {
  /** `forwarding` and `reverse` from the environment; else the file's. */
  readonly id: string;
  /** The id is not the user's own: at another host it is another backend. Default false. */
  readonly idImplied?: boolean | undefined;
  readonly route: Route;
  /** A shipped dialect's name, or a dialect document that stands in the file. */
  readonly dialect: string | Readonly<Record<string, unknown>>;
  /** http(s), without credentials, query, fragment or trailing slash. */
  readonly baseUrl: string;
  /** Absent: requests carry no authorization, as self-hosted engines want it. */
  readonly apiKey?: Secret | undefined;
  readonly defaultModel?: string | undefined;
  /** Replaces the dialect's list; of a model that the dialect knows too, absent fields are the dialect's. */
  readonly models?: readonly ModelConfig[] | undefined;
  /** Replaces the dialect's rates. */
  readonly rates?: readonly Rate[] | undefined;
  /** Dollars for making one character, 0 or more. */
  readonly characterUsd?: number | undefined;
  readonly limits?: Partial<BackendLimits> | undefined;
  /** Preferred over others at the same price: higher first. Default 1, 0 to 100. */
  readonly weight: number;
  /** Where it is configured, for messages: `SORA_REVERSE_BASE_URL`, `backends[0]`. */
  readonly from: string;
}

export type ModelConfig = Pick<ModelOffer, 'id'> & Partial<ModelOffer>;

/** Limits on spending; what is absent is not limited. */
export interface Budget {
  /** A UTC day. `SORA_BUDGET_USD_DAY`. */
  readonly day?: MicroUsd | undefined;
  /** A UTC month. `SORA_BUDGET_USD_MONTH`. */
  readonly month?: MicroUsd | undefined;
  /** One video. `SORA_MAX_USD_PER_VIDEO`. */
  readonly perVideo?: MicroUsd | undefined;
  /** Above it a person is asked first. `SORA_CONFIRM_USD`. */
  readonly confirmAbove?: MicroUsd | undefined;
}

/** A tenant of the HTTP server. */
export interface WorkspaceConfig {
  /** `local` is the one of `SORA_HTTP_TOKEN` and of stdio. */
  readonly name: string;
  readonly token: Secret;
  /** What the file leaves out is the environment's. */
  readonly budget: Budget;
}

/** The ids of the embedded upstream's two backends. */
export const SANDBOX_IDS = { forwarding: 'sandbox-forwarding', reverse: 'sandbox-reverse' } as const satisfies Record<
  Route,
  string
>;

/** The dialects that are shipped, by route. */
export type DialectNames = { readonly [route in Route]: readonly string[] };

export type DialectCheck = (document: unknown, route: Route) => Promise<readonly core.$ZodIssue[]>;

/** The world outside, handed in. */
export interface ConfigFacts {
  /** Without the program itself. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** As Node names it. */
  readonly platform: string;
  readonly home: string;
  readonly cwd: string;
  /** Unix milliseconds; dates a price that the file gives without a date. */
  readonly now: number;
  /** The file at `configPath`, or why it could not be read. */
  readonly file?: { readonly text: string } | { readonly error: string } | undefined;
  /** Default: `DIALECT_NAMES`. */
  readonly dialects?: DialectNames | undefined;
  /** What is wrong with a dialect document inside the file; asked for only when there is one. Default: nothing. */
  readonly dialectIssues?: DialectCheck | undefined;
}

export interface Problem {
  /** The variable, flag or place in the file at fault. */
  readonly where: string;
  readonly message: string;
}

export type ConfigResult =
  | { readonly ok: true; readonly config: Config }
  /** `usage`: the arguments are at fault, so the usage helps. */
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly usage: boolean };

/** The absolute path of the file that `SORA_CONFIG` names; undefined without one. */
export function configPath(facts: Place & Pick<ConfigFacts, 'env'>): string | undefined {
  const named = facts.env.SORA_CONFIG?.trim();
  return named && !named.includes('${') ? absolute(named, facts) : undefined;
}

/** Reads arguments, environment and file into one frozen config, or tells all that is wrong at once. */
export async function loadConfig(facts: ConfigFacts): Promise<ConfigResult> {
  const line = parseCommand(facts.argv);
  if ('wrong' in line) {
    return { ok: false, usage: true, problems: line.wrong.map((message) => ({ where: 'arguments', message })) };
  }
  const needsNoWorld = ['help', 'version', 'config', 'tokens'].includes(line.command.name);
  const world = needsNoWorld ? { ...facts, env: {}, file: undefined } : facts;
  const problems: Problem[] = [];
  // The file's schema brings zod along, which a start without a file need not load.
  const file =
    world.file && 'text' in world.file
      ? await (await import('./config-file.ts')).readConfigFile(world.file.text, world, problems)
      : undefined;
  const config = readEnvironment(world, line, file, problems);
  return problems.length > 0 ? { ok: false, usage: false, problems } : { ok: true, config: freeze(config) };
}

/** One line a problem, for stderr. */
export function describeProblems(problems: readonly Problem[]): string {
  return problems.map(({ where, message }) => `  ${where}: ${message}`).join('\n');
}

function freeze<T>(value: T): T {
  if (Array.isArray(value) || (typeof value === 'object' && value !== null)) {
    for (const inner of Object.values(value)) freeze(inner);
    Object.freeze(value);
  }
  return value;
}

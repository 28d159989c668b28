import { posix, win32 } from 'node:path';
import type { DialectNames, Problem } from './config.ts';
import { fromUsd, type MicroUsd } from './domain/money.ts';
import { Secret } from './domain/secret.ts';
import { nearest } from './domain/text.ts';
import { ROUTES, type Route } from './domain/video.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The workspace of the stdio server, and of the HTTP server's single token. */
export const LOCAL_WORKSPACE = 'local';

/** The dialects that are shipped, by route. */
export const DIALECT_NAMES: DialectNames = {
  forwarding: [
    'openai',
    'azure',
    'sglang',
    'vllm-omni',
    'litellm',
    'bifrost',
    'new-api',
    'gateway',
    'openrouter',
    'xai',
  ],
  reverse: ['seed', 'sora-v1', 'unified-v2'],
};

const MIN_TOKEN_LENGTH = 16;
const MAX_USD = 1_000_000;

/** A trimmed value; undefined when unset, empty or not filled in. */
export function setting(env: Environment, name: string, problems: Problem[]): string | undefined {
  const value = env[name]?.trim();
  if (value === undefined || value === '') return undefined;
  const message = unsubstituted(value);
  if (message === undefined) return value;
  if (!problems.some((each) => each.where === name)) problems.push({ where: name, message });
  return undefined;
}

/** The complaint about a `${VAR}` that a client or a shell was meant to fill in. */
export function unsubstituted(value: string): string | undefined {
  const mark = /\$\{[^}]*\}?/.exec(value)?.[0];
  if (mark === undefined) return undefined;
  return `${mark} was not filled in: set that variable where the client is started, or write the value itself`;
}

/** A key, wrapped at once. Complaints never quote it. */
export function secret(env: Environment, name: string, problems: Problem[]): Secret | undefined {
  const value = setting(env, name, problems);
  if (value === undefined) return undefined;
  if (/^bearer\s/i.test(value)) problems.push({ where: name, message: 'give the key alone, without "Bearer"' });
  else if (!/^[\x21-\x7e]+$/.test(value)) {
    problems.push({ where: name, message: 'holds a space or another character that no key has; copy it again' });
  }
  return new Secret(value);
}

export function token(env: Environment, name: string, problems: Problem[]): Secret | undefined {
  const value = secret(env, name, problems);
  if (value && value.reveal().length < MIN_TOKEN_LENGTH) {
    const message = `is too short to be safe: use at least ${MIN_TOKEN_LENGTH} characters, e.g. from "openssl rand -hex 24"`;
    problems.push({ where: name, message });
  }
  return value;
}

export function usd(env: Environment, name: string, problems: Problem[]): MicroUsd | undefined {
  const value = setting(env, name, problems);
  if (value === undefined) return undefined;
  const amount = /^\d+(\.\d+)?$|^\.\d+$/.test(value) ? Number(value) : Number.NaN;
  if (amount <= MAX_USD) return fromUsd(amount);
  const message = `${quoted(value)} is not an amount of US dollars: write a number from 0 to ${MAX_USD}, e.g. 2.50`;
  problems.push({ where: name, message });
  return undefined;
}

/** The address without a trailing slash, or what is wrong with it. */
export function checkBaseUrl(text: string): { readonly url: string } | { readonly problem: string } {
  const example = 'write a full address, e.g. https://api.example.com/v1';
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    // Never quoted whole: what cannot be parsed may hold a password.
    return { problem: `is not a URL; ${example}` };
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return { problem: `has the scheme ${url.protocol.slice(0, 20)}, not http or https; ${example}` };
  }
  if (url.username || url.password)
    return { problem: 'has a user name or password in it; give the key by its own variable' };
  if (url.search || url.hash) return { problem: 'has a query or fragment in it; end it with the path' };
  return { url: url.href.replace(/\/+$/, '') };
}

/**
 * A comma-separated list of host names or addresses, each as a URL would spell it.
 *
 * @param ports whether each may have a port
 */
export function hosts(
  env: Environment,
  name: string,
  ports: 'with ports' | 'without ports',
  problems: Problem[],
): string[] {
  return split(setting(env, name, problems), ',').flatMap((text) => {
    const [, host = text, port = ''] = /^(\[.*\]|[^:]*)(:\d{1,5})?$/.exec(text) ?? [];
    const spelled = spelledHost(host);
    const isPort = port === '' || (ports === 'with ports' && Number(port.slice(1)) <= 65_535);
    if (spelled !== undefined && isPort) return [spelled + port];
    const example =
      ports === 'with ports' ? 'video.example.org or video.example.org:8443' : 'nas.local, 10.0.0.7 or ::1';
    problems.push({ where: name, message: `${quoted(text)} is not a host name; write each as in ${example}` });
    return [];
  });
}

/** Undefined for what is no host: a whole address, a wildcard. */
function spelledHost(text: string): string | undefined {
  try {
    const { host } = new URL(`http://${text.includes(':') && !text.startsWith('[') ? `[${text}]` : text}`);
    // What else was in the text, a URL would have put elsewhere.
    return /^([a-z0-9._-]+|\[[0-9a-f:.]+\])$/.test(host) && !/[/\\@?#]/.test(text) ? host : undefined;
  } catch {
    return undefined;
  }
}

export function checkDialect(name: string, route: Route, names: DialectNames): string | undefined {
  if (names[route].includes(name)) return undefined;
  const other = ROUTES.find((each) => each !== route && names[each].includes(name));
  if (other) return `${quoted(name)} is a dialect of the ${other} route; ${route} has ${names[route].join(', ')}`;
  const [near] = nearest(name, names[route], 1);
  const meant = near ? ` Did you mean ${near}?` : '';
  return `no ${route} dialect is called ${quoted(name)}; there are ${names[route].join(', ')}.${meant}`;
}

export function split(value: string | undefined, separator: string): string[] {
  return (value ?? '')
    .split(separator)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** A leading `~/` is the home directory: clients do not expand it. */
export function absolute(path: string, { platform, home, cwd }: Place): string {
  return pathsOf(platform).resolve(
    cwd,
    path.replace(/^~(?=$|[/\\])/, () => home),
  );
}

export interface Place {
  readonly platform: string;
  readonly home: string;
  readonly cwd: string;
}

export function pathsOf(platform: string): typeof posix {
  return platform === 'win32' ? win32 : posix;
}

export function sameOrigin(a: string, b: string): boolean {
  return new URL(a).origin === new URL(b).origin;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 59)}…` : text);
}

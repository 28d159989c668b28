import type { IncomingMessage } from 'node:http';
import { refuse } from './refusal.ts';

export interface Guards {
  /** Throws a refusal unless the request is plainly meant for this server, and not by a foreign web page. */
  check(req: IncomingMessage): void;
}

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];
const MAX_URL = 2_048;

/** Where two values could make two readers disagree, Node keeps one and drops the other without a word. */
const ONCE = new Set([
  'host',
  'origin',
  'authorization',
  'content-type',
  'content-length',
  'transfer-encoding',
  'mcp-session-id',
  'mcp-protocol-version',
]);

/** Whether only this machine can reach a server that listens there. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

/**
 * @param allowedHosts names (or `name:port`) that requests may be addressed to besides the loopback ones
 * @param allowedOrigins full origins of web pages that may call; the server's own always may
 */
export function guardRequests(allowedHosts: readonly string[], allowedOrigins: readonly string[]): Guards {
  const hosts = new Set([...LOOPBACK_NAMES, ...allowedHosts.map((host) => host.toLowerCase())]);
  const origins = new Set(allowedOrigins.map((origin) => origin.toLowerCase()));

  const check = (req: IncomingMessage): void => {
    checkShape(req);
    const host = req.headers.host?.toLowerCase() ?? '';
    const name = hostName(host);
    if (name === undefined) throw refuse(400, 'The Host header is missing or malformed');
    if (!hosts.has(name) && !hosts.has(host)) {
      throw refuse(403, 'This host is not served here; see SORA_HTTP_ALLOWED_HOSTS');
    }
    const origin = req.headers.origin?.toLowerCase();
    if (origin === undefined || origins.has(origin) || isSameOrigin(origin, host)) return;
    throw refuse(403, 'This origin may not call');
  };
  return { check };
}

function checkShape(req: IncomingMessage): void {
  const url = req.url ?? '';
  if (!url.startsWith('/')) throw refuse(400, 'The request target must be a path');
  if (url.length > MAX_URL) throw refuse(414, `The address is longer than ${MAX_URL} characters`);
  const seen = new Set<string>();
  for (let at = 0; at < req.rawHeaders.length; at += 2) {
    const name = req.rawHeaders[at]!.toLowerCase();
    if (!ONCE.has(name)) continue;
    if (seen.has(name)) throw refuse(400, `The header ${name} is there twice`);
    seen.add(name);
  }
}

function hostName(host: string): string | undefined {
  return /^([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/.exec(host)?.[1];
}

/** The port counts: any other program on this machine may serve a page from localhost. */
function isSameOrigin(origin: string, host: string): boolean {
  const match = /^(https?):\/\/([^/]+)$/.exec(origin);
  if (match === null) return false;
  const usual = match[1] === 'https' ? ':443' : ':80';
  const plain = (text: string) => (text.endsWith(usual) ? text.slice(0, -usual.length) : text);
  return plain(match[2]!) === plain(host);
}

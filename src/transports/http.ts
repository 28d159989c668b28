import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SoraError } from '../domain/errors.ts';
import { boundConnections } from './connections.ts';
import { drain, type Traffic } from './drain.ts';
import { signFileLinks } from './file-links.ts';
import { isLoopbackHost } from './guards.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import type { HttpOptions } from './ports.ts';
import { refuse, sendRefusal } from './refusal.ts';
import { type Routes, routeRequests } from './router.ts';

export { clientEntries } from './client-entries.ts';
export type { HttpLimits } from './limits.ts';
export type { HttpOptions, ServedFile } from './ports.ts';
export { type KeptToken, loadOrCreateToken } from './token-file.ts';
export type { HttpToken } from './tokens.ts';
export { endWaits } from './waits.ts';

export interface HttpServer {
  /** Where it listens. Without a path or a trailing slash. */
  readonly url: string;
  /** Where clients reach it. Without a trailing slash. */
  readonly publicUrl: string;
  /** A link to a task's video that works without the token for a while. */
  fileLink(workspace: string, taskId: string): string;
  /** Takes no more requests, lets running ones finish within the limit, then closes everything. */
  close(): Promise<void>;
}

/**
 * Serves MCP over HTTP and SSE.
 *
 * @throws SoraError `invalid_argument` when it would be open to strangers, or cannot listen there
 */
export async function serveHttp(options: HttpOptions): Promise<HttpServer> {
  refuseOpenDoors(options);
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const links = signFileLinks(limits.linkMs, options.now);
  const server = createServer({
    maxHeaderSize: limits.headerBytes,
    connectionsCheckingInterval: Math.min(1_000, limits.headersMs),
    noDelay: true,
  });
  const connections = boundConnections(server, limits);
  let routes: Routes | undefined;
  const take = (req: IncomingMessage, res: ServerResponse) => {
    if (routes === undefined) sendRefusal(req, res, refuse(503, 'The server is starting', { retryAfter: 1 }));
    else void routes.handle(req, res);
  };
  server.on('request', take).on('checkContinue', take);
  await listen(server, options);
  try {
    const tokens = typeof options.tokens === 'function' ? await options.tokens() : options.tokens;
    const allowedHosts = [...options.allowedHosts, ...ownName(options.host)];
    routes = routeRequests({ ...options, allowedHosts, limits, tokens }, links, connections);
  } catch (error) {
    server.close();
    throw error;
  }
  const sweeping = setInterval(routes.sweep, Math.min(60_000, limits.idleSessionMs));
  sweeping.unref();

  const url = addressOf(server, options.host);
  const publicUrl = options.publicUrl ?? reachableAt(url, options);
  const traffic: Traffic = { server, stop: routes.stop, running: routes.running, end: routes.end };
  let closing: Promise<void> | undefined;
  return {
    url,
    publicUrl,
    fileLink: (workspace, taskId) => publicUrl + links.mint(workspace, taskId),
    close() {
      clearInterval(sweeping);
      closing ??= drain(traffic, limits.drainMs);
      return closing;
    },
  };
}

function refuseOpenDoors({ host, tokens, allowedHosts }: HttpOptions): void {
  if (typeof tokens !== 'function' && tokens.length === 0) {
    throw new SoraError({
      code: 'invalid_argument',
      field: 'SORA_HTTP_TOKEN',
      message: 'HTTP is never served without a token',
    });
  }
  if (isLoopbackHost(host) || allowedHosts.length > 0) return;
  const message = `listening on ${host} lets other machines in`;
  const hint = 'Name the hosts it is reached by, e.g. SORA_HTTP_ALLOWED_HOSTS=video.example.org.';
  throw new SoraError({ code: 'invalid_argument', field: 'SORA_HTTP_ALLOWED_HOSTS', message, hint });
}

/** There are more loopback addresses than the usual ones. */
function ownName(host: string): string[] {
  return isLoopbackHost(host) ? [inUrl(host)] : [];
}

function listen(server: Server, { host, port }: HttpOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'the port is in use' : (cause.code ?? 'unknown error');
      const hint = cause.code === 'EADDRINUSE' ? 'Choose another with --port.' : undefined;
      reject(
        new SoraError({ code: 'invalid_argument', message: `cannot listen on ${host}:${port}: ${why}`, hint, cause }),
      );
    });
    server.listen({ host: host.replace(/^\[(.*)\]$/, '$1'), port, backlog: 511 }, resolve);
  });
}

/** The address to listen on may be no address to call: `0.0.0.0` is everywhere. */
function reachableAt(url: string, { host, allowedHosts }: HttpOptions): string {
  const [name] = allowedHosts;
  if (name === undefined || isLoopbackHost(host)) return url;
  return `http://${/:\d+$/.test(name) ? name : `${name}:${new URL(url).port}`}`;
}

function addressOf(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  return `http://${inUrl(host)}:${port}`;
}

function inUrl(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

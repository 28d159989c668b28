import type { IncomingMessage, ServerResponse } from 'node:http';
import { accessLine } from './access-log.ts';
import type { Call } from './call.ts';
import type { Connections } from './connections.ts';
import type { FileLinks } from './file-links.ts';
import { sendFile, taskOf } from './files-route.ts';
import { guardRequests } from './guards.ts';
import { healthRoute } from './health-route.ts';
import { mcpRoute } from './mcp-route.ts';
import { type HttpPorts, publicPathOf } from './ports.ts';
import { limitRate } from './rate.ts';
import { Refusal, refuse, sendRefusal, stopping } from './refusal.ts';
import { openSessions } from './sessions.ts';
import { sseRoutes } from './sse-route.ts';
import { openTenants } from './tenants.ts';
import { type Caller, checkTokens, refuseTokenInQuery } from './tokens.ts';

export interface Routes {
  /** Answers one request, whatever it is; never rejects. */
  handle(req: IncomingMessage, res: ServerResponse): Promise<void>;
  sweep(): void;
  stop(): void;
  running(): number;
  end(): Promise<void>;
}

/** What the access log gets to know of a request. */
interface Trace extends Partial<Call> {
  route: string;
  workspace?: string | undefined;
}

export function routeRequests(ports: HttpPorts, links: FileLinks, connections: Connections): Routes {
  const { limits, now } = ports;
  const guards = guardRequests(ports.allowedHosts, ports.allowedOrigins ?? []);
  const tokens = checkTokens(ports.tokens);
  const strangers = limitRate(limits.strangerRequestsPerMinute, now);
  const tenants = openTenants(ports);
  const sessions = openSessions(ports);
  const mcp = mcpRoute(ports, sessions);
  const sse = sseRoutes(ports);
  const health = healthRoute(ports);
  const prefix = publicPathOf(ports);
  let stopped = false;

  const enter = (req: IncomingMessage, { path, query }: Target): Caller => {
    refuseTokenInQuery(query);
    const taskId = taskOf(path);
    const linked = taskId === undefined ? undefined : links.open(taskId, query);
    // The link first: it opens the file whoever follows it.
    const caller = (linked === undefined ? undefined : tokens.callerIn(linked)) ?? tokens.callerOf(req);
    if (caller !== undefined) return caller;
    throw refuse(401, 'A valid token is required: "Authorization: Bearer …"', {
      headers: { 'www-authenticate': 'Bearer realm="sora-mcp"' },
    });
  };

  const admit = (req: IncomingMessage, target: Target): Caller | 'health' => {
    const address = req.socket.remoteAddress ?? '';
    try {
      guards.check(req);
      // Never counted: whoever shares an address with a load balancer could else make it see a dead server.
      if (isHealth(target.path)) return 'health';
      return enter(req, target);
    } catch (error) {
      if (error instanceof Refusal && error.status !== 429) strangers.spend(address);
      throw error;
    }
  };

  const serve = async (req: IncomingMessage, res: ServerResponse, trace: Trace): Promise<void> => {
    const target = targetOf(req, prefix);
    const { path, query } = target;
    trace.route = routeName(path);
    const caller = admit(req, target);
    if (caller === 'health') return health(req, res, path === '/healthz' ? 'alive' : stopped ? 'stopping' : 'ready');
    trace.workspace = caller.workspace;
    connections.welcome(req);
    if (stopped) throw stopping();
    const call: Call = Object.assign(trace, { req, res, query, tenant: tenants.of(caller) });
    call.tenant.rate.spend('');
    if (path === '/mcp') return mcp(call);
    if (path === '/sse') return sse.open(call);
    if (path === '/messages') return sse.message(call);
    const taskId = taskOf(path);
    if (taskId !== undefined) return sendFile(ports, call, taskId);
    throw refuse(404, 'There is nothing here; MCP is served at /mcp, and at /sse for older clients');
  };

  const handle = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const started = performance.now();
    const trace: Trace = { route: 'other' };
    res.once('close', () => {
      const status = res.writableFinished || res.headersSent ? res.statusCode : 499;
      const ms = Math.round(performance.now() - started);
      const { route, rpc, tool, workspace } = trace;
      const entry = { method: req.method ?? '?', route, rpc, tool, workspace, status, ms };
      ports.log(accessLine(entry, new Date(now()).toISOString()), { kind: 'http', ...entry });
    });
    // A client that leaves is no error.
    req.on('error', ignore);
    res.on('error', ignore);
    try {
      await serve(req, res, trace);
    } catch (error) {
      if (!(error instanceof Refusal))
        ports.log(`http: ${trace.route}: ${error instanceof Error ? error.message : 'unknown'}`);
      const refusal = error instanceof Refusal ? error : refuse(500, 'Internal error', { code: -32_603 });
      sendRefusal(req, res, refusal, trace.workspace === undefined ? undefined : limits.bodyBytes);
    }
  };

  return {
    handle,
    sweep: sessions.sweep,
    stop: () => {
      stopped = true;
    },
    running: tenants.running,
    async end() {
      await Promise.all([sessions.close(), sse.close(), tenants.close()]);
    },
  };
}

function ignore(): void {}

interface Target {
  readonly path: string;
  readonly query: URLSearchParams;
}

/**
 * Taken as it was sent, never normalized: dots and percent signs belong to no path that is served. A proxy may leave the
 * public path on it or not.
 */
function targetOf(req: IncomingMessage, prefix: string): Target {
  const [sent = '/', query = ''] = (req.url ?? '/').split('?', 2);
  const path = sent.startsWith(`${prefix}/`) ? sent.slice(prefix.length) : sent;
  return { path, query: query === '' ? NO_QUERY : new URLSearchParams(query) };
}

const NO_QUERY = new URLSearchParams();
const ROUTES = ['/mcp', '/sse', '/messages', '/healthz', '/readyz'];

function routeName(path: string): string {
  if (ROUTES.includes(path)) return path;
  return path.startsWith('/files/') ? '/files' : 'other';
}

function isHealth(path: string): boolean {
  return path === '/healthz' || path === '/readyz';
}

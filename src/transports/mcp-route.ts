import type { ServerResponse } from 'node:http';
import { classifyInboundRequest, isInitializeRequest } from '@modelcontextprotocol/server';
import { nameCall } from './access-log.ts';
import { readJson } from './body.ts';
import type { Call, Route } from './call.ts';
import { endCancelled } from './cancel.ts';
import { webRequest, writeResponse } from './exchange.ts';
import type { HttpPorts } from './ports.ts';
import { PRIVATE_HEADERS, refuse, stopping } from './refusal.ts';
import { isSpent } from './server-pool.ts';
import type { Session, Sessions } from './sessions.ts';
import type { Begun } from './underway.ts';

const METHODS = 'GET, POST, DELETE';
/** Whoever names it in the header is answered by the newer leg, whatever the body says. */
const NEWEST = '2026-07-28';

/** `/mcp`: the 2026 protocol without sessions, and older clients with one each. */
export function mcpRoute(ports: HttpPorts, sessions: Sessions): Route {
  const { unreadBytes } = ports.limits;

  const answer = async (call: Call, handle: (request: Request) => Promise<Response>): Promise<void> => {
    const request = webRequest(call.req, call.res);
    await writeResponse(await handle(request), call.res, unreadBytes);
  };

  const serveModern = async (call: Call, request: Request, parsedBody: unknown): Promise<void> => {
    const { tenant } = call;
    const listens = call.rpc === 'subscriptions/listen';
    const leave = (listens ? tenant.streams : tenant.running).take();
    try {
      // Before the stream is acknowledged: a change right after it must not be missed.
      if (listens) await tenant.watch();
      const response = await tenant.modern.fetch(request, { parsedBody });
      // The SDK's word for a call that was broken off, here from this side.
      if (response.status === 499 && !request.signal.aborted) throw stopping();
      await writeResponse(response, call.res, unreadBytes);
      if (isSpent(parsedBody, response, request.signal.aborted)) tenant.servers.giveBack(request);
    } finally {
      leave();
    }
  };

  const post = async (call: Call): Promise<void> => {
    const { req, res, tenant } = call;
    const body = await readJson(req, res, ports.limits);
    Object.assign(call, nameCall(body));
    if (Array.isArray(body)) tenant.rate.spend('', body.length - 1);
    const request = webRequest(req, res);
    if (!isLegacy(request, body)) return serveModern(call, request, body);
    const id = req.headers['mcp-session-id'];
    if (typeof id === 'string') return postInSession(call, sessions.find(id, tenant.caller), request, body);
    if (!isInitializeRequest(body)) throw refuse(400, 'The Mcp-Session-Id header is missing; initialize first');
    const session = await sessions.open(tenant.caller);
    try {
      await postInSession(call, session, request, body);
    } finally {
      if (session.transport.sessionId === undefined) await session.server.close();
    }
  };

  const postInSession = async (call: Call, session: Session, request: Request, parsedBody: unknown): Promise<void> => {
    const leave = call.tenant.running.take();
    let ended = Promise.resolve();
    try {
      const begun = session.underway.begin(parsedBody);
      ended = begun.ended;
      await use(session, async () => {
        const response = await handOver(session, request, parsedBody, begun);
        await endCancelled(session, parsedBody);
        await writeResponse(response, call.res, unreadBytes);
      });
    } finally {
      // A client that dropped may come back for the answer: its handler goes on, in its place.
      void ended.then(leave);
    }
  };

  const handOver = async ({ transport }: Session, request: Request, parsedBody: unknown, begun: Begun) => {
    let taken = false;
    try {
      const response = await transport.handleRequest(request, { parsedBody });
      taken = response.ok;
      return response;
    } finally {
      if (!taken) begun.drop();
    }
  };

  const use = async (session: Session, act: () => Promise<void>): Promise<void> => {
    session.busy++;
    try {
      await act();
    } finally {
      session.busy--;
      session.usedAt = ports.now();
    }
  };

  return async (call) => {
    const { req, tenant } = call;
    if (req.method === 'POST') return post(call);
    if (req.method !== 'GET' && req.method !== 'DELETE') {
      throw refuse(405, 'Method not allowed', { headers: { allow: METHODS } });
    }
    const id = req.headers['mcp-session-id'];
    if (typeof id !== 'string') {
      // 2026 clients have no use for GET; the older ones come with a session.
      throw refuse(405, 'GET and DELETE need the Mcp-Session-Id header', { headers: { allow: METHODS } });
    }
    const session = sessions.find(id, tenant.caller);
    if (req.method === 'GET' && session.events.isOver(String(req.headers['last-event-id']))) return endAsking(call.res);
    const leave = req.method === 'GET' ? tenant.streams.take() : () => {};
    try {
      await use(session, () => answer(call, (request) => session.transport.handleRequest(request)));
    } finally {
      leave();
    }
  };
}

/** The status that tells a client not to come again for the rest of a stream: there is none. */
function endAsking(res: ServerResponse): void {
  res.writeHead(204, PRIVATE_HEADERS).end();
}

/** By the SDK's own rules, so that what it means for the newer leg, complaints included, is answered there. */
function isLegacy({ headers }: Request, body: unknown): boolean {
  const version = headers.get('mcp-protocol-version');
  if (version === NEWEST) return false;
  // A plain message of an older client, which is nearly all that comes without the newest header.
  const claims = (body as { params?: { _meta?: unknown } } | null)?.params?._meta !== undefined || Array.isArray(body);
  if (!claims && version !== null && version < NEWEST) return true;
  const hints = {
    protocolVersionHeader: version ?? undefined,
    mcpMethodHeader: headers.get('mcp-method') ?? undefined,
    mcpNameHeader: headers.get('mcp-name') ?? undefined,
  };
  return classifyInboundRequest({ httpMethod: 'POST', ...hints, body } as InboundRequest).kind === 'legacy';
}

type InboundRequest = Parameters<typeof classifyInboundRequest>[0];

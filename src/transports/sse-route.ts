import type { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import type { McpServer, Transport } from '@modelcontextprotocol/server';
import { nameCall } from './access-log.ts';
import { readJson } from './body.ts';
import type { Call, Route } from './call.ts';
import { cancelledIn } from './cancel.ts';
import { writeBounded } from './exchange.ts';
import { type HttpPorts, publicPathOf } from './ports.ts';
import { PRIVATE_HEADERS, refuse, STOPPING, sendJson } from './refusal.ts';
import type { Caller } from './tokens.ts';

interface Connection {
  readonly caller: Caller;
  readonly transport: SSEServerTransport;
  readonly server: McpServer;
  /** Ends the wait for the answer to one request, by its JSON-RPC id. */
  readonly waiting: Map<string, () => void>;
}

export interface SseRoutes {
  /** `GET /sse`: one server a connection. */
  readonly open: Route;
  /** `POST /messages?sessionId=`: only from whoever opened the connection. */
  readonly message: Route;
  close(): Promise<void>;
}

/** HTTP+SSE of 2024-11-05, for clients that never learned Streamable HTTP. */
export function sseRoutes(ports: HttpPorts): SseRoutes {
  const { limits } = ports;
  const connections = new Map<string, Connection>();

  const open: Route = async (call) => {
    const { req, res, tenant } = call;
    if (req.method !== 'GET') throw refuse(405, 'Method not allowed', { headers: { allow: 'GET' } });
    if (!(req.headers.accept ?? '*/*').match(/text\/event-stream|\*\/\*/)) {
      throw refuse(406, 'The Accept header must have text/event-stream');
    }
    const leave = tenant.streams.take();
    res.once('close', leave);
    // The older SDK brings its own schemas: paid for only where somebody speaks the older protocol.
    const { SSEServerTransport } = await import('@modelcontextprotocol/sdk/server/sse.js');
    if (res.destroyed) return;
    for (const [name, value] of Object.entries(PRIVATE_HEADERS)) res.setHeader(name, value);
    const transport = new SSEServerTransport(`${publicPathOf(ports)}/messages`, res);
    const server = ports.serverFor(tenant.caller.workspace, 'on-connect');
    const connection: Connection = { caller: tenant.caller, transport, server, waiting: new Map() };
    connections.set(transport.sessionId, connection);
    const gone = new Promise<void>((resolve) => res.once('close', resolve));
    const alive = setInterval(() => writeBounded(res, ': keepalive\n\n', limits.unreadBytes), limits.keepAliveMs);
    watchSending(connection, call, limits.unreadBytes);
    try {
      // The two SDKs agree on what a transport does, not on its types.
      await server.connect(transport as unknown as Transport);
      await gone;
    } finally {
      clearInterval(alive);
      connections.delete(transport.sessionId);
      for (const done of connection.waiting.values()) done();
      await server.close().catch(() => {});
    }
  };

  const message: Route = async (call) => {
    const { req, res, query, tenant } = call;
    if (req.method !== 'POST') throw refuse(405, 'Method not allowed', { headers: { allow: 'POST' } });
    const body = await readJson(req, res, limits);
    Object.assign(call, nameCall(body));
    const connection = connections.get(query.get('sessionId') ?? '');
    if (connection?.caller !== tenant.caller) throw refuse(404, 'Session not found', { code: -32_001 });
    const answered = awaitAnswer(connection, body, tenant.running.take);
    try {
      await connection.transport.handleMessage(body);
    } catch {
      answered();
      throw refuse(400, 'This is no JSON-RPC message', { code: -32_600 });
    }
    for (const id of cancelledIn(body)) connection.waiting.get(id)?.();
    sendJson(res, 202, { accepted: true });
  };

  const close = async (): Promise<void> => {
    await Promise.all([...connections.values()].map(end));
  };
  return { open, message, close };
}

/** Whoever still waits is told that no answer comes. */
async function end({ transport, server, waiting }: Connection): Promise<void> {
  for (const id of [...waiting.keys()]) {
    await transport.send({ jsonrpc: '2.0', id: JSON.parse(id), error: STOPPING }).catch(() => {});
  }
  await server.close().catch(() => {});
}

/** Keeps a place taken until the connection has carried the answer. */
function awaitAnswer(connection: Connection, body: unknown, take: () => () => void): () => void {
  const { id, method } = (body ?? {}) as { id?: unknown; method?: unknown };
  if (method === undefined || id === undefined) return () => {};
  const key = JSON.stringify(id);
  if (connection.waiting.has(key)) throw refuse(400, 'This id is already under way', { code: -32_600 });
  const leave = take();
  const done = () => {
    connection.waiting.delete(key);
    leave();
  };
  connection.waiting.set(key, done);
  return done;
}

/** The transport neither counts answers nor looks whether its reader reads. */
function watchSending({ transport, waiting }: Connection, { res }: Call, unreadBytes: number): void {
  const send = transport.send.bind(transport);
  transport.send = async (message) => {
    await send(message);
    if ('id' in message && !('method' in message)) waiting.get(JSON.stringify(message.id))?.();
    if (res.writableLength > unreadBytes) res.destroy();
  };
}

import { Client, type ClientOptions, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport as OlderHttpTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { McpServer } from '@modelcontextprotocol/server';
import { Secret } from '../../src/domain/secret.ts';
import { createMcpServer } from '../../src/mcp/server.ts';
import { type HttpOptions, type HttpServer, serveHttp } from '../../src/transports/http.ts';
import { type FakeServices, fakeServices } from './fake-services.ts';

export { until } from './promptly.ts';

/** The ways a client can speak to the HTTP server. `v1-*` is a real older SDK. */
export const CLIENTS = ['2026', '2025', 'v1-http', 'v1-sse'] as const;
export type ClientKind = (typeof CLIENTS)[number];

export const TOKENS = { alpha: 'alpha-token-0123456789abcdef', beta: 'beta-token-0123456789abcdef' } as const;
export type WorkspaceName = keyof typeof TOKENS;

export interface TestServer extends HttpServer {
  readonly lines: string[];
  readonly services: { readonly [name in WorkspaceName]: FakeServices };
  connect(kind: ClientKind, options?: ConnectOptions): Promise<Client>;
}

export interface ConnectOptions {
  readonly workspace?: WorkspaceName;
  readonly capabilities?: ClientOptions['capabilities'];
  readonly prepare?: (client: Client) => void;
  /** Told of every message that reaches the client. */
  readonly onMessage?: (message: Record<string, unknown>) => void;
}

export interface TestServerOptions extends Partial<HttpOptions> {
  readonly fakes?: Partial<{ readonly [name in WorkspaceName]: FakeServices }>;
  /** Adds test-only tools. */
  readonly extend?: (server: McpServer, workspace: string) => void;
}

/** The production HTTP stack with the production MCP server over fake services, on a free loopback port. */
export async function startHttp(options: TestServerOptions = {}): Promise<TestServer> {
  const { fakes, extend, ...rest } = options;
  const lines: string[] = [];
  const services = { alpha: fakes?.alpha ?? fakeServices(), beta: fakes?.beta ?? fakeServices() };
  const servicesOf = async (workspace: string) => services[workspace as WorkspaceName];
  const log = (line: string) => void lines.push(line);
  const server = await serveHttp({
    host: '127.0.0.1',
    port: 0,
    allowedHosts: [],
    tokens: (['alpha', 'beta'] as const).map((name) => ({ name, secret: new Secret(TOKENS[name]) })),
    services: servicesOf,
    serverFor: (workspace, watching) => {
      const facts = { version: '0.0.0', sandbox: true, backendIds: ['sandbox-reverse'] };
      const mcp = createMcpServer({ facts, services: () => servicesOf(workspace), log, watching });
      extend?.(mcp, workspace);
      return mcp;
    },
    files: async () => undefined,
    log,
    now: Date.now,
    ...rest,
  });
  return { ...server, lines, services, connect: (kind, how) => connectHttp(server.url, kind, how) };
}

/** With the token of alpha, unless told otherwise. */
export async function connectHttp(url: string, kind: ClientKind, options: ConnectOptions = {}): Promise<Client> {
  const client = await connectKind(url, kind, options);
  const { transport } = client;
  const { onMessage } = options;
  if (transport === undefined || onMessage === undefined) return client;
  const deliver = transport.onmessage?.bind(transport);
  transport.onmessage = (message, extra) => {
    onMessage(message as unknown as Record<string, unknown>);
    deliver?.(message, extra);
  };
  return client;
}

async function connectKind(url: string, kind: ClientKind, options: ConnectOptions): Promise<Client> {
  const { workspace = 'alpha', capabilities = {}, prepare } = options;
  const headers = { Authorization: `Bearer ${TOKENS[workspace]}` };
  const info = { name: 'test', version: '1' };
  if (kind === 'v1-http' || kind === 'v1-sse') {
    const older = new OlderClient(info, { capabilities: capabilities as object });
    const callTool = older.callTool.bind(older);
    // The older client has the same methods where the tests use them, but for one argument.
    older.callTool = (params, how) => callTool(params, undefined, how as object);
    prepare?.(older as unknown as Client);
    const init = { requestInit: { headers } };
    const transport =
      kind === 'v1-http'
        ? new OlderHttpTransport(new URL(`${url}/mcp`), init)
        : new SSEClientTransport(new URL(`${url}/sse`), init);
    await older.connect(transport as Parameters<typeof older.connect>[0]);
    return older as unknown as Client;
  }
  const pinned = { versionNegotiation: { mode: { pin: '2026-07-28' } } } as const;
  const client = new Client(info, { capabilities, ...(kind === '2026' && pinned) });
  prepare?.(client);
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit: { headers } }));
  return client;
}

/** A JSON-RPC call by plain fetch, as a 2026 client that was written in an afternoon would do it. */
export function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${TOKENS.alpha}`,
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'fetch', version: '1' },
};

/** A 2026 request with the headers that go with it. */
export function modern(method: string, params: Record<string, unknown> = {}, id: number | string = 1) {
  const name = params.name ?? params.uri;
  const headers: Record<string, string> = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method };
  if (typeof name === 'string') headers['mcp-name'] = name;
  const meta = { ...META, ...(params._meta as object | undefined) };
  return { body: { jsonrpc: '2.0', id, method, params: { ...params, _meta: meta } }, headers };
}

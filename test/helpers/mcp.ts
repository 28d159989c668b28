import { Client, type ClientOptions, InMemoryTransport } from '@modelcontextprotocol/client';
import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js';
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { createMcpServer, type ServerDeps } from '../../src/mcp/server.ts';
import { type FakeAnswers, type FakeServices, fakeServices } from './fake-services.ts';

export { aBoard, aCharacter, anEstimate, aReport, fakeServices } from './fake-services.ts';

/** `2026`: the sessionless protocol. `2025`: the same SDK the older way. `v1`: a real older SDK. */
export const ERAS = ['2026', '2025', 'v1'] as const;
export type Era = (typeof ERAS)[number];

export interface Connection {
  readonly client: Client;
  readonly services: FakeServices;
  /** What the operator was told. */
  readonly logged: string[];
  /** Everything the server sent, as it went over the wire. */
  readonly sent: JSONRPCMessage[];
  close(): Promise<void>;
}

export interface ConnectOptions extends FakeAnswers {
  readonly era?: Era;
  readonly capabilities?: ClientOptions['capabilities'];
  readonly services?: FakeServices;
  readonly deps?: Partial<ServerDeps>;
  /** Before the client says hello. */
  readonly prepare?: (client: Client) => void;
}

/** A real client connected in memory to the real server over fake services. */
export async function connectMcp(options: ConnectOptions = {}): Promise<Connection> {
  const services = options.services ?? fakeServices(options);
  const logged: string[] = [];
  const sent: JSONRPCMessage[] = [];
  const deps: ServerDeps = {
    facts: { version: '0.0.0', sandbox: true, backendIds: ['sandbox-reverse'] },
    services: async () => services,
    log: (line) => logged.push(line),
    ...options.deps,
  };
  const [clientSide, serverSide] = InMemoryTransport.createLinkedPair();
  tap(serverSide, sent);
  serveStdio(() => createMcpServer(deps), {
    transport: serverSide as Transport,
    onerror: (e) => logged.push(e.message),
  });
  const client = newClient(options.era ?? '2025', options.capabilities);
  options.prepare?.(client);
  await client.connect(clientSide);
  return { client, services, logged, sent, close: () => client.close() };
}

function newClient(era: Era, capabilities: ClientOptions['capabilities'] = {}): Client {
  const info = { name: 'test', version: '1' };
  // The older client has the same methods where the tests use them.
  if (era === 'v1') return new OlderClient(info, { capabilities: capabilities as object }) as unknown as Client;
  if (era === '2025') return new Client(info, { capabilities });
  return new Client(info, { capabilities, versionNegotiation: { mode: { pin: '2026-07-28' } } });
}

function tap(transport: { send: Transport['send'] }, sent: JSONRPCMessage[]): void {
  const send = transport.send.bind(transport);
  transport.send = (message, sendOptions) => {
    sent.push(structuredClone(message));
    return send(message, sendOptions);
  };
}

/** A tool's answer, both ways it is given. */
export interface Answered {
  readonly isError: boolean;
  readonly data: Record<string, unknown>;
  readonly error: Record<string, unknown>;
  readonly text: string;
  readonly content: readonly Record<string, unknown>[];
}

export async function call(connection: Connection, name: string, args: unknown = {}): Promise<Answered> {
  const result = await connection.client.callTool({ name, arguments: args as Record<string, unknown> });
  const data = (result.structuredContent ?? {}) as Record<string, unknown>;
  const content = result.content as Record<string, unknown>[];
  return {
    isError: result.isError === true,
    data,
    error: (data.error ?? {}) as Record<string, unknown>,
    text: String(content[0]?.text),
    content,
  };
}

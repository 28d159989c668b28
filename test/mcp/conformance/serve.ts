import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { McpServer } from '@modelcontextprotocol/server';
import { Secret } from '../../../src/domain/secret.ts';
import { createMcpServer } from '../../../src/mcp/server.ts';
import { serveHttp } from '../../../src/transports/http.ts';
import { fakeServices } from '../../helpers/fake-services.ts';
import { createFixtureServer } from './fixtures.ts';

const TOKEN = 'conformance-0123456789abcdef';

/** One URL for the suite: the production HTTP stack with `make`'s server, behind a door that adds the token. */
async function serve(make: () => McpServer): Promise<string> {
  const services = fakeServices();
  const server = await serveHttp({
    host: '127.0.0.1',
    port: 0,
    allowedHosts: [],
    tokens: [{ name: 'local', secret: new Secret(TOKEN) }],
    serverFor: make,
    services: async () => services,
    files: async () => undefined,
    log: () => {},
    now: Date.now,
    limits: { requestsPerMinute: 100_000, sessions: 1_000, streams: 1_000 },
  });
  const target = new URL(server.url);
  // The suite cannot authenticate. Everything else, Host and Origin above all, goes on as it came.
  const door = createServer((req, res) => pass(req, res, target));
  // Whoever closes a connection that rests may do so just as the next request comes over it: this side never does.
  door.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  return `http://localhost:${(door.address() as AddressInfo).port}/mcp`;
}

function pass(req: IncomingMessage, res: ServerResponse, target: URL): void {
  const headers = [...req.rawHeaders, 'authorization', `Bearer ${TOKEN}`];
  const { hostname, port } = target;
  const onward = request({ hostname, port, method: req.method, path: req.url, headers, agent: false });
  onward.on('response', (answer) => {
    res.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    res.flushHeaders();
    answer.pipe(res);
  });
  onward.on('error', () => res.destroy());
  res.on('close', () => onward.destroy());
  req.pipe(onward);
}

const facts = { version: '0.0.0', sandbox: true, backendIds: ['sandbox-reverse'] };
const plainServices = fakeServices();
const plain = () => createMcpServer({ facts, services: async () => plainServices, log: () => {}, watching: 'on-use' });

const [fixtures, product] = await Promise.all([serve(createFixtureServer), serve(plain)]);
process.stdout.write(`${JSON.stringify({ fixtures, product })}\n`);

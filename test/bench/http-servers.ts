import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NodeStreamableHTTPServerTransport, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { openApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { Log } from '../../src/log.ts';
import { createMcpServer } from '../../src/mcp/server.ts';
import type { Services } from '../../src/services/services.ts';
import { serveHttp } from '../../src/transports/http.ts';
import { seedStore } from '../helpers/seed-store.ts';

export const TOKEN = 'bench-0123456789abcdef';

/** What a process that was started to serve tells its parent. */
export interface Served {
  readonly url: string;
  readonly pid: number;
  readonly taskId?: string | undefined;
}

/** The same SDK with one trivial tool, wired as its documentation shows: the measure of all things. */
export async function serveBare(): Promise<Omit<Served, 'pid'>> {
  const make = () => {
    const server = new McpServer({ name: 'bare', version: '1' });
    server.registerTool('ping', { description: 'Pong' }, () => ({ content: [{ type: 'text', text: 'pong' }] }));
    return server;
  };
  const modern = toNodeHandler(createMcpHandler(make, { legacy: 'reject' }));
  const sessions = new Map<string, NodeStreamableHTTPServerTransport>();
  const server = createServer(async (req, res) => {
    if (req.url === '/modern') return modern(req as never, res);
    const known = sessions.get(String(req.headers['mcp-session-id']));
    if (known !== undefined) return known.handleRequest(req, res);
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, transport),
    });
    await make().connect(transport);
    await transport.handleRequest(req, res);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** The product on a real store: its sources, bundled plainly, without a tracker, and without the limit of requests a minute. */
export async function serveProduct(dataDir: string, log: Log): Promise<Omit<Served, 'pid'>> {
  seedStore(dataDir, { characters: 5, tasks: 5 });
  const place = { platform: 'linux', home: dataDir, cwd: dataDir };
  const loaded = await loadConfig({ ...place, argv: ['http'], env: { SORA_DATA_DIR: dataDir }, now: Date.now() });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const app = await openApp(loaded.config, { log });
  const known = new Map<string, Services>();
  const servicesOf = (workspace: string) => {
    const services = known.get(workspace) ?? app.services(workspace);
    known.set(workspace, services);
    return services;
  };
  const facts = { version: 'bench', sandbox: true, backendIds: ['sandbox-forwarding', 'sandbox-reverse'] };
  const { url } = await serveHttp({
    host: '127.0.0.1',
    port: 0,
    allowedHosts: [],
    tokens: [{ name: 'local', secret: new Secret(TOKEN) }],
    serverFor: (workspace, watching) =>
      createMcpServer({ facts, services: async () => servicesOf(workspace), log, watching }),
    services: async (workspace) => servicesOf(workspace),
    files: async () => undefined,
    log,
    limits: { requestsPerMinute: Number.MAX_SAFE_INTEGER },
    now: Date.now,
  });
  return { url, taskId: servicesOf('local').tasks.list({}).tasks[0]?.task.id };
}

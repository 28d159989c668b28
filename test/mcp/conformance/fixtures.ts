import { McpServer } from '@modelcontextprotocol/server';
import { registerContentTools, registerPrompts, registerResources } from './content.ts';
import { registerInputTools, stateCodec } from './input-tools.ts';
import { registerRunningTools } from './running-tools.ts';

/** What the official suite calls. Of the product it has nothing but the road there: the HTTP stack. */
export function createFixtureServer(): McpServer {
  const server = new McpServer(
    { name: 'conformance-fixtures', version: '1.0.0' },
    {
      capabilities: {
        tools: { listChanged: false },
        prompts: { listChanged: false },
        resources: { listChanged: true, subscribe: true },
        logging: {},
        completions: {},
      },
      cacheHints: {
        'tools/list': { ttlMs: 60_000, cacheScope: 'public' },
        'prompts/list': { ttlMs: 60_000, cacheScope: 'public' },
        'resources/list': { ttlMs: 60_000, cacheScope: 'public' },
        'resources/templates/list': { ttlMs: 60_000, cacheScope: 'public' },
        'resources/read': { ttlMs: 60_000, cacheScope: 'private' },
      },
      requestState: { verify: stateCodec.verify },
    },
  );
  registerContentTools(server);
  registerRunningTools(server);
  registerInputTools(server);
  registerResources(server);
  registerPrompts(server);
  server.server.setRequestHandler('resources/subscribe', () => ({}));
  server.server.setRequestHandler('resources/unsubscribe', () => ({}));
  server.server.setRequestHandler('completion/complete', () => ({ completion: { values: [], hasMore: false } }));
  return server;
}

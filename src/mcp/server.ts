import { McpServer } from '@modelcontextprotocol/server';
import type { ServerFacts, Services } from '../services/services.ts';
import type { LinkToFile } from './answer.ts';
import type { LogLine } from './errors.ts';
import { registerTools } from './execute.ts';
import { instructionsFor } from './instructions.ts';
import { serveNotifications, type Watching } from './notifications.ts';
import { registerPrompts } from './prompts.ts';
import { registerResources } from './resources.ts';
import { TOOLS } from './tools/all.ts';

export interface ServerDeps {
  readonly facts: ServerFacts;
  /** Called at the first request that needs more than names; must remember what it made. */
  readonly services: () => Promise<Services>;
  /** Takes one line for the operator. */
  readonly log: LogLine;
  readonly fileLink?: LinkToFile;
  /**
   * When this connection begins to hear of changes.
   * @default 'on-use', so that the start does not load the store; 'never' for a server that lives for one request
   */
  readonly watching?: Watching | undefined;
}

const HOUR_MS = 3_600_000;
const FOR_EVERYBODY = { ttlMs: HOUR_MS, cacheScope: 'public' } as const;

/** Beyond this many values a call is no video request; the largest storyboard has some 500. */
const MAX_ARGUMENT_VALUES = 2_000;

/** One server for one connection (or, from 2026 over HTTP, one request). Cheap: schemas and services come later. */
export function createMcpServer(deps: ServerDeps): McpServer {
  const watching = deps.watching ?? 'on-use';
  const server = new McpServer(
    { name: 'sora-mcp', title: 'Sora video', version: deps.facts.version },
    {
      instructions: instructionsFor(deps.facts, deps.fileLink ? 'elsewhere' : 'here'),
      capabilities: {
        tools: { listChanged: false },
        prompts: { listChanged: false },
        resources: { listChanged: true, subscribe: true },
      },
      cacheHints: {
        'tools/list': FOR_EVERYBODY,
        'prompts/list': FOR_EVERYBODY,
        'resources/templates/list': FOR_EVERYBODY,
      },
      maxToolInputElements: MAX_ARGUMENT_VALUES,
      // Adopting a whole catalog is one piece of news.
      debouncedNotificationMethods: ['notifications/resources/list_changed'],
      // The SDK validates a person's answer with it; confirm.ts reads that answer itself.
      jsonSchemaValidator: {
        getValidator: () => (input) => ({ valid: true, data: input as never, errorMessage: undefined }),
      },
    },
  );
  const services = serveNotifications(server, { services: deps.services, log: deps.log, watching });
  registerTools(server, TOOLS, { services, log: deps.log, fileLink: deps.fileLink });
  registerResources(server, { services, log: deps.log, fileLink: deps.fileLink });
  registerPrompts(server, { services, log: deps.log });
  return server;
}

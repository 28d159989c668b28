import { type McpServer, ProtocolError, ProtocolErrorCode, ResourceNotFoundError } from '@modelcontextprotocol/server';
import type { Change, Services } from '../services/services.ts';
import { type LogLine, lineOf } from './errors.ts';
import { CHARACTERS_URI, characterUri, SCHEME, STORYBOARDS_URI, storyboardUri, taskUri } from './uris.ts';

/** Where news about resources go: one connection, or all subscriptions of one HTTP workspace. */
export interface ResourceNews {
  resourcesChanged(): void;
  resourceUpdated(uri: string): void;
}

/** The resources that read differently after a change. */
export function urisOf(change: Change): readonly string[] {
  switch (change.kind) {
    case 'catalog':
      return [CHARACTERS_URI, characterUri(change.handle)];
    case 'task':
      return [taskUri(change.taskId)];
    case 'storyboard':
      return [STORYBOARDS_URI, storyboardUri(change.storyboardId)];
    default:
      return change satisfies never;
  }
}

/**
 * Passes a workspace's changes on until the returned function is called. For HTTP, `news` is the `notify` of the
 * workspace's `createMcpHandler`.
 */
export function forwardChanges(services: Pick<Services, 'onChange' | 'storyboards'>, news: ResourceNews): () => void {
  return services.onChange((change) => {
    if (change.kind === 'catalog' && change.listChanged) news.resourcesChanged();
    for (const uri of urisOf(change)) news.resourceUpdated(uri);
    if (change.kind !== 'task') return;
    // A scene that moves moves its storyboard.
    const storyboardId = services.storyboards.ofTask(change.taskId);
    if (storyboardId !== undefined) news.resourceUpdated(storyboardUri(storyboardId));
  });
}

/** When a connection begins to listen for changes. `on-use`: with its first call; `never`: it lasts for one request. */
export type Watching = 'on-use' | 'on-connect' | 'never';

interface WatchDeps {
  readonly services: () => Promise<Services>;
  readonly log: LogLine;
  readonly watching: Watching;
}

const MAX_SUBSCRIPTIONS = 1_000;
const watchers = new WeakMap<McpServer, () => Promise<Services>>();

/**
 * Gives one server its subscriptions, and returns the way to its services that starts the listening. The listener goes
 * when the connection closes.
 */
export function serveNotifications(server: McpServer, deps: WatchDeps): () => Promise<Services> {
  if (deps.watching === 'never') return deps.services;
  const subscribed = new Set<string>();
  let stop: (() => void) | undefined;
  let closed = false;

  const watch = async (): Promise<Services> => {
    const services = await deps.services();
    if (stop === undefined && !closed) stop = forwardChanges(services, connectionNews(server, subscribed));
    return services;
  };
  const watchAside = (): void => {
    watch().catch((error: unknown) => deps.log(`notifications: ${lineOf(error)}`));
  };
  onClose(server, () => {
    closed = true;
    stop?.();
    stop = undefined;
    subscribed.clear();
  });
  server.server.setRequestHandler('resources/subscribe', ({ params }) => {
    if (!params.uri.startsWith(SCHEME)) throw new ResourceNotFoundError(params.uri);
    if (subscribed.size >= MAX_SUBSCRIPTIONS && !subscribed.has(params.uri)) {
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        `At most ${MAX_SUBSCRIPTIONS} subscriptions a connection`,
      );
    }
    subscribed.add(params.uri);
    watchAside();
    return {};
  });
  server.server.setRequestHandler('resources/unsubscribe', ({ params }) => {
    subscribed.delete(params.uri);
    return {};
  });
  if (deps.watching === 'on-connect') server.server.oninitialized = watchAside;
  watchers.set(server, watch);
  return watch;
}

/** Starts the listening of a connection whose client has subscribed elsewhere than at its server (2026: `listen`). */
export async function watchChanges(server: McpServer): Promise<void> {
  await watchers.get(server)?.();
}

/**
 * Up to 2025 a client hears only of what it subscribed to; from 2026 the entry that holds the subscriptions filters, so
 * it must be told everything.
 */
function connectionNews(server: McpServer, subscribed: ReadonlySet<string>): ResourceNews {
  const modern = () => (server.server.getNegotiatedProtocolVersion() ?? '') >= '2026-07-28';
  // A connection that is just closing needs no news.
  const lost = () => {};
  return {
    resourcesChanged: () => void (server.isConnected() && server.server.sendResourceListChanged().catch(lost)),
    resourceUpdated: (uri) => {
      if (!server.isConnected() || !(modern() || subscribed.has(uri))) return;
      server.server.sendResourceUpdated({ uri }).catch(lost);
    },
  };
}

function onClose(server: McpServer, act: () => void): void {
  const before = server.server.onclose;
  server.server.onclose = () => {
    act();
    before?.();
  };
}

import type { McpServer, McpServerFactory } from '@modelcontextprotocol/server';

/** Servers for the 2026 protocol, which wants one a request, used again where nothing of a request can be left in them. */
export interface ServerPool {
  readonly factory: McpServerFactory;
  /** Takes back the server that answered `request`; whoever calls vouches that nothing can still be sent through it. */
  giveBack(request: Request): void;
}

/** About as many as busy clients keep waiting at a time: all of them are taken before the first comes back. */
const MAX_SPARE = 128;

/**
 * Making a server (every tool, resource and prompt registered anew) costs more than most answers do. The SDK lets a closed
 * one serve again; what it must never get is one whose handler still runs.
 */
export function poolServers(make: () => McpServer): ServerPool {
  const spare: McpServer[] = [];
  const lent = new WeakMap<Request, McpServer>();
  return {
    factory: ({ requestInfo }) => {
      const server = spare.pop() ?? make();
      if (requestInfo !== undefined) lent.set(requestInfo, server);
      return server;
    },
    giveBack(request) {
      const server = lent.get(request);
      if (server === undefined || server.isConnected() || spare.length >= MAX_SPARE) return;
      lent.delete(request);
      spare.push(server);
    },
  };
}

/**
 * Whether a server that has answered so may serve again. A call with a progress token might yet have something to tell;
 * an answer that became a stream already told something; one that broke off may have its handler still running.
 */
export function isSpent(body: unknown, response: Response, departed: boolean): boolean {
  const { params } = body as { params?: { _meta?: { progressToken?: unknown } } };
  if (departed || params?._meta?.progressToken !== undefined) return false;
  return response.status === 200 && response.headers.get('content-type') === 'application/json';
}

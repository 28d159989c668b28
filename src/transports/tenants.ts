import { createMcpHandler, type McpHttpHandler, ProtocolError } from '@modelcontextprotocol/server';
import { forwardChanges } from '../mcp/notifications.ts';
import type { HttpPorts } from './ports.ts';
import { limitRate, offerPlaces, type Places, type RateLimit } from './rate.ts';
import { poolServers, type ServerPool } from './server-pool.ts';
import type { Caller } from './tokens.ts';

/** What one caller shares among its connections, and shares with no other caller. */
export interface Tenant {
  readonly caller: Caller;
  /** The 2026 protocol: a server a request, and the workspace's news for those who listen. */
  readonly modern: McpHttpHandler;
  readonly servers: ServerPool;
  readonly rate: RateLimit;
  readonly running: Places;
  readonly streams: Places;
  readonly downloads: Places;
  /** Passes the workspace's changes on to the listeners from now on. */
  watch(): Promise<void>;
  close(): Promise<void>;
}

export interface Tenants {
  of(caller: Caller): Tenant;
  /** Unanswered requests of all. */
  running(): number;
  close(): Promise<void>;
}

export function openTenants(ports: HttpPorts): Tenants {
  const tenants = new Map<Caller, Tenant>();
  return {
    of(caller) {
      const known = tenants.get(caller);
      if (known !== undefined) return known;
      const tenant = openTenant(caller, ports);
      tenants.set(caller, tenant);
      return tenant;
    },
    running: () =>
      [...tenants.values()].reduce((sum, { running, downloads }) => sum + running.taken + downloads.taken, 0),
    async close() {
      await Promise.all([...tenants.values()].map((tenant) => tenant.close()));
    },
  };
}

function openTenant(caller: Caller, ports: HttpPorts): Tenant {
  const { workspace } = caller;
  const { limits, log } = ports;
  const servers = poolServers(() => ports.serverFor(workspace, 'never'));
  const modern = createMcpHandler(servers.factory, {
    legacy: 'reject',
    maxSubscriptions: limits.streams,
    keepAliveMs: limits.keepAliveMs,
    maxRequestBodySize: limits.bodyBytes,
    onerror: (error) => {
      if (isDefect(error)) log(`http: ${workspace}: ${error.message}`);
    },
  });
  let watching: Promise<() => void> | undefined;
  const watch = async (): Promise<void> => {
    watching ??= ports.services(workspace).then((services) => forwardChanges(services, modern.notify));
    try {
      await watching;
    } catch (error) {
      watching = undefined;
      log(`http: ${workspace} cannot be watched: ${error instanceof Error ? error.message : 'unknown'}`);
    }
  };
  return {
    caller,
    modern,
    servers,
    rate: limitRate(limits.requestsPerMinute, ports.now),
    running: offerPlaces(limits.running, 'running requests', 1),
    streams: offerPlaces(limits.streams, 'event streams', 10),
    downloads: offerPlaces(limits.downloads, 'downloads', 5),
    watch,
    async close() {
      const stop = await watching?.catch(() => undefined);
      stop?.();
      await modern.close();
    },
  };
}

/** The handler also reports every request that it turned away; those are in the access log. */
function isDefect(error: Error): boolean {
  return (
    !(error instanceof ProtocolError) && !/^(Rejected|Unsupported|subscriptions\/listen refused)/.test(error.message)
  );
}

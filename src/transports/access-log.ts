import { TOOLS } from '../mcp/tools/all.ts';

/** What is known of one request, as far as it came. Never arguments, addresses with a query, or tokens. */
export interface AccessEntry {
  readonly method: string;
  /** A served path without what varies in it, or `other`. */
  readonly route: string;
  readonly rpc?: string | undefined;
  readonly tool?: string | undefined;
  readonly workspace?: string | undefined;
  readonly status: number;
  readonly ms: number;
}

export function accessLine({ method, route, rpc, tool, workspace, status, ms }: AccessEntry, time: string): string {
  return `${time} http ${method} ${route} ${rpc ?? '-'} ${tool ?? '-'} ${workspace ?? '-'} ${status} ${ms}ms`;
}

const METHODS: ReadonlySet<unknown> = new Set([
  ...['initialize', 'ping', 'server/discover', 'subscriptions/listen', 'completion/complete', 'logging/setLevel'],
  ...['tools/list', 'tools/call', 'prompts/list', 'prompts/get'],
  ...['resources/list', 'resources/templates/list', 'resources/read', 'resources/subscribe', 'resources/unsubscribe'],
  ...['notifications/initialized', 'notifications/cancelled', 'notifications/progress'],
  'notifications/roots/list_changed',
]);
const TOOL_NAMES: ReadonlySet<unknown> = new Set(TOOLS.map(({ name }) => name));

/** Which JSON-RPC method and tool a body names. Only names that exist: anything else may be a secret in the wrong place. */
export function nameCall(body: unknown): Pick<AccessEntry, 'rpc' | 'tool'> {
  if (Array.isArray(body)) return { rpc: `batch(${body.length})` };
  if (typeof body !== 'object' || body === null) return {};
  const { method, params } = body as { method?: unknown; params?: { name?: unknown } | null };
  if (method === undefined) return { rpc: 'response' };
  const rpc = knownName(METHODS, method);
  return rpc === 'tools/call' ? { rpc, tool: knownName(TOOL_NAMES, params?.name) } : { rpc };
}

function knownName(names: ReadonlySet<unknown>, name: unknown): string {
  return names.has(name) ? String(name) : 'unknown';
}

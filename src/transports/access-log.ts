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

export function accessLine(entry: AccessEntry, format: 'text' | 'json', time: string): string {
  const { method, route, rpc, tool, workspace, status, ms } = entry;
  if (format === 'json') return JSON.stringify({ time, kind: 'http', method, route, rpc, tool, workspace, status, ms });
  return `${time} http ${method} ${route} ${rpc ?? '-'} ${tool ?? '-'} ${workspace ?? '-'} ${status} ${ms}ms`;
}

/** Which JSON-RPC method and tool a body names; names that nobody would give are not repeated. */
export function nameCall(body: unknown): Pick<AccessEntry, 'rpc' | 'tool'> {
  if (Array.isArray(body)) return { rpc: `batch(${body.length})` };
  if (typeof body !== 'object' || body === null) return {};
  const { method, params } = body as { method?: unknown; params?: { name?: unknown } | null };
  if (method === undefined) return { rpc: 'response' };
  const rpc = safeName(method);
  return rpc === 'tools/call' ? { rpc, tool: safeName(params?.name) } : { rpc };
}

function safeName(name: unknown): string {
  return typeof name === 'string' && /^[a-zA-Z][\w./-]{0,63}$/.test(name) ? name : '?';
}

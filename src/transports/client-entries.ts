import type { Secret } from '../domain/secret.ts';

/** What a user pastes to connect a client. Holds the token: for the terminal of whoever started the server, once. */
export interface ClientEntries {
  /** For `mcp.json` of Claude Code, Cursor and others: Streamable HTTP. */
  readonly http: string;
  /** The same for clients that only know HTTP+SSE. */
  readonly sse: string;
  /** For VS Code's `.vscode/mcp.json`. */
  readonly vscode: string;
  /** A shell line for Claude Code. */
  readonly claudeCode: string;
}

/** @param url of the server, without a path */
export function clientEntries(url: string, token: Secret): ClientEntries {
  const base = url.replace(/\/+$/, '');
  const Authorization = `Bearer ${token.reveal()}`;
  const entry = (type: 'http' | 'sse', path: string) => ({ type, url: base + path, headers: { Authorization } });
  const named = (key: string, value: unknown) => JSON.stringify({ [key]: { sora: value } }, undefined, 2);
  return {
    http: named('mcpServers', entry('http', '/mcp')),
    sse: named('mcpServers', entry('sse', '/sse')),
    vscode: named('servers', entry('http', '/mcp')),
    claudeCode: `claude mcp add --transport http sora ${base}/mcp --header "Authorization: ${Authorization}"`,
  };
}

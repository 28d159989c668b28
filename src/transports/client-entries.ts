import type { Secret } from '../domain/secret.ts';

/** What a user pastes to connect a client. Holds the token: for the terminal of whoever started the server, once. */
export interface ClientEntries {
  /** For `mcp.json` of Claude Code, Cursor and others. */
  readonly http: string;
  /** For VS Code's `.vscode/mcp.json`. */
  readonly vscode: string;
  /** A shell line for Claude Code. */
  readonly claudeCode: string;
}

/** @param url of the server, without a path */
export function clientEntries(url: string, token: Secret): ClientEntries {
  const base = url.replace(/\/+$/, '');
  const Authorization = `Bearer ${token.reveal()}`;
  const sora = { type: 'http', url: `${base}/mcp`, headers: { Authorization } };
  const under = (key: string) => JSON.stringify({ [key]: { sora } }, undefined, 2);
  return {
    http: under('mcpServers'),
    vscode: under('servers'),
    claudeCode: `claude mcp add --transport http sora ${base}/mcp --header "Authorization: ${Authorization}"`,
  };
}

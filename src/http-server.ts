import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Config } from './config.ts';
import { LOCAL_WORKSPACE } from './config.ts';
import type { Log } from './log.ts';
import { createMcpServer } from './mcp/server.ts';
import type { Running } from './running.ts';
import { openDataDir } from './store/files.ts';
import {
  clientEntries,
  endWaits,
  type HttpServer,
  type HttpToken,
  type KeptToken,
  loadOrCreateToken,
  serveHttp,
} from './transports/http.ts';

type HttpCommand = Extract<Config['command'], { name: 'http' }>;

/** Serves every workspace of the configuration over HTTP; says on stderr where, and once how to connect. */
export async function startHttp(config: Config, command: HttpCommand, running: Running, log: Log): Promise<HttpServer> {
  // A server without it could answer nothing, and whoever starts it looks at the terminal now.
  openDataDir(config.dataDir);
  let kept: KeptToken | undefined;
  const tokens = async (): Promise<HttpToken[]> => {
    if (config.workspaces.length > 0) return config.workspaces.map(({ name, token }) => ({ name, secret: token }));
    kept = await loadOrCreateToken(config.dataDir);
    return [{ name: LOCAL_WORKSPACE, secret: kept.secret }];
  };
  const stopping = new AbortController();
  let links: ((workspace: string, taskId: string) => string) | undefined;
  const server = await serveHttp({
    host: command.host,
    port: command.port,
    tokens,
    allowedHosts: config.allowedHosts,
    publicUrl: config.publicUrl,
    services: running.services,
    serverFor: (workspace, watching) =>
      createMcpServer({
        facts: running.facts,
        services: async () => endWaits(await running.services(workspace), stopping.signal),
        log,
        watching,
        fileLink: (taskId) => links?.(workspace, taskId),
      }),
    files: async (workspace, taskId) => {
      const { tasks, storyboards } = await running.services(workspace);
      const path = storyboards.isStoryboardId(taskId)
        ? await storyboards.get(taskId).then(
            (board) => board.filmPath,
            () => undefined,
          )
        : await tasks.get(taskId).then(
            (report) => report.task.filePath,
            () => undefined,
          );
      const there = path !== undefined && (await stat(path).catch(() => undefined));
      return there ? { path, name: basename(path) } : undefined;
    },
    log,
    now: Date.now,
  });
  links = (workspace, taskId) => server.fileLink(workspace, taskId);
  const reached = server.publicUrl === server.url ? '' : `, reached at ${server.publicUrl}`;
  log(`listening on ${server.url}${reached} (/mcp, /sse); the token is ${kept ? `in ${kept.path}` : 'as configured'}`);
  if (kept?.created) showToken(kept, server.publicUrl, log);
  return {
    ...server,
    close() {
      stopping.abort();
      return server.close();
    },
  };
}

function showToken({ secret }: KeptToken, url: string, log: Log): void {
  const message = 'a token was made; it is shown this once';
  const entries = clientEntries(url, secret);
  const { http, vscode, claudeCode } = entries;
  const text = `mcp.json of Claude Code or Cursor:\n${http}\n.vscode/mcp.json:\n${vscode}\nor: ${claudeCode}`;
  log(`${message}. For ${text}`, { kind: 'token', message, token: secret.reveal(), ...entries });
}

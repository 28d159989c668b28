import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Config } from './config.ts';
import { LOCAL_WORKSPACE } from './config.ts';
import { createMcpServer } from './mcp/server.ts';
import type { Running } from './running.ts';
import { clientEntries, type HttpServer, type HttpToken, loadOrCreateToken, serveHttp } from './transports/http.ts';

type HttpCommand = Extract<Config['command'], { name: 'http' }>;

/** Serves every workspace of the configuration over HTTP; says on stderr where, and once how to connect. */
export async function startHttp(
  config: Config,
  command: HttpCommand,
  running: Running,
  log: (line: string) => void,
): Promise<HttpServer> {
  const kept = config.workspaces.length === 0 ? await loadOrCreateToken(config.dataDir) : undefined;
  const tokens: HttpToken[] = kept
    ? [{ name: LOCAL_WORKSPACE, secret: kept.secret }]
    : config.workspaces.map(({ name, token }) => ({ name, secret: token }));
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
        services: () => running.services(workspace),
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
    logFormat: config.logFormat,
    now: Date.now,
  });
  links = (workspace, taskId) => server.fileLink(workspace, taskId);
  const reached = server.publicUrl === server.url ? '' : `, reached at ${server.publicUrl}`;
  log(`listening on ${server.url}${reached} (/mcp, /sse); the token is ${kept ? `in ${kept.path}` : 'as configured'}`);
  if (kept?.created) {
    const { http, claudeCode } = clientEntries(server.publicUrl, kept.secret);
    log(`a token was made; it is shown this once. For your client:\n${http}\nor: ${claudeCode}`);
  }
  return server;
}

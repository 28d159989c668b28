import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { HttpLimits } from './limits.ts';

/**
 * Connections that say nothing cost the oldest of them its place, so that a thousand half-open ones cannot keep a client
 * out that has something to say. Slow headers and bodies end by Node's own clocks.
 */
export function boundConnections(server: Server, limits: HttpLimits): void {
  server.headersTimeout = limits.headersMs;
  server.requestTimeout = limits.requestMs;
  server.keepAliveTimeout = 30_000;
  server.maxConnections = limits.connections;
  const silent = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
    if (silent.size <= limits.silentConnections) return;
    const oldest = silent.values().next().value;
    oldest?.destroy();
  });
  const speaks = (req: IncomingMessage) => void silent.delete(req.socket);
  server.on('request', speaks).on('checkContinue', speaks);
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) {
      socket.destroy();
      return;
    }
    socket.end(`HTTP/1.1 ${statusOf(error.code)}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`, () =>
      socket.destroy(),
    );
  });
}

function statusOf(code: string | undefined): string {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return '408 Request Timeout';
  if (code === 'HPE_HEADER_OVERFLOW') return '431 Request Header Fields Too Large';
  return '400 Bad Request';
}

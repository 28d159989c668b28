import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { HttpLimits } from './limits.ts';

/** Who is connected. */
export interface Connections {
  /** Whoever is at the other end has shown that it may come in: its connection is not the stranger's that it was. */
  welcome(req: IncomingMessage): void;
}

/**
 * Whoever has shown no token is a stranger. Strangers have few places, and a new one costs the oldest of them its own, so
 * that they cannot keep a client out, however many they are. Slow headers and bodies end by Node's own clocks.
 */
export function boundConnections(server: Server, limits: HttpLimits): Connections {
  server.headersTimeout = limits.headersMs;
  server.requestTimeout = limits.requestMs;
  server.keepAliveTimeout = 30_000;
  server.maxConnections = limits.connections;
  const strangers = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    strangers.add(socket);
    socket.once('close', () => strangers.delete(socket));
    if (strangers.size <= limits.strangerConnections) return;
    const oldest = strangers.values().next().value;
    oldest?.destroy();
    if (oldest !== undefined) strangers.delete(oldest);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) {
      socket.destroy();
      return;
    }
    socket.end(`HTTP/1.1 ${statusOf(error.code)}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`, () =>
      socket.destroy(),
    );
  });
  return { welcome: ({ socket }) => void strangers.delete(socket) };
}

function statusOf(code: string | undefined): string {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return '408 Request Timeout';
  if (code === 'HPE_HEADER_OVERFLOW') return '431 Request Header Fields Too Large';
  return '400 Bad Request';
}

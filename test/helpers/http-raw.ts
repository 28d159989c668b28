import { connect, type Socket } from 'node:net';
import { PROMPTLY_MS } from './promptly.ts';

/** Bytes sent as they are: what no well-behaved client library would. */
export interface RawAnswer {
  /** Undefined when the connection ended without an answer. */
  readonly status: number | undefined;
  readonly text: string;
}

/** Sends the text over a connection of its own and waits for the head of an answer, or the end. */
export function sendRaw(url: string, text: string, ms = PROMPTLY_MS): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const socket = openSocket(url);
    let answer = '';
    const finish = () => {
      clearTimeout(timer);
      socket.destroy();
      const status = /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1];
      resolve({ status: status === undefined ? undefined : Number(status), text: answer });
    };
    const timer = setTimeout(finish, ms);
    socket.on('data', (chunk) => {
      answer += chunk;
      if (answer.includes('\r\n\r\n')) setTimeout(finish, 20);
    });
    socket.on('close', finish).on('error', () => {});
    socket.write(text);
  });
}

export function openSocket(url: string): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  return socket;
}

/** Writes until the server answers or hangs up; resolves with what it answered and how much it let through. */
export function flood(url: string, head: string, chunk: string, bytes: number): Promise<RawAnswer & { sent: number }> {
  return new Promise((resolve) => {
    const socket = openSocket(url);
    let answer = '';
    let sent = 0;
    const finish = () => {
      const status = /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1];
      resolve({ status: status === undefined ? undefined : Number(status), text: answer, sent });
      socket.destroy();
    };
    socket.on('data', (data) => {
      answer += data;
    });
    socket.on('close', finish);
    const write = () => {
      while (sent < bytes && answer === '' && !socket.destroyed) {
        sent += chunk.length;
        if (!socket.write(chunk)) {
          socket.once('drain', write);
          return;
        }
      }
    };
    socket.write(head);
    write();
  });
}

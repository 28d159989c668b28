import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';

/** What is asked, over and over. */
export interface Target {
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** With `ID` where the JSON-RPC id goes. */
  readonly body: string;
  /** The process that answers. */
  readonly pid: number;
}

export interface Load {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** What a request costs its server, in microseconds of processor time: steady where the machine is shared. */
  readonly cpu: number;
}

/** Asks over so many connections at a time, each waiting for its answer, for so long. Throws on any answer but 200. */
export async function load(target: Target, connections: number, ms: number): Promise<Load> {
  const times: number[] = [];
  const cpuBefore = cpuMicroseconds(target.pid);
  const started = performance.now();
  const end = started + ms;
  await Promise.all(
    Array.from({ length: connections }, (_, index) => askUntil(target, index * 10_000_000, end, times)),
  );
  const took = performance.now() - started;
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN;
  const cpu = (cpuMicroseconds(target.pid) - cpuBefore) / times.length;
  return { perSecond: (times.length * 1_000) / took, p50: at(0.5), p99: at(0.99), cpu };
}

/** NaN where there is no /proc. */
function cpuMicroseconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ');
    // In hundredths of a second, as Linux counts for its users.
    return (Number(fields[11]) + Number(fields[12])) * 10_000;
  } catch {
    return Number.NaN;
  }
}

/** A client of the barest kind, so that the time measured is the server's. */
async function askUntil(target: Target, firstId: number, end: number, times: number[]): Promise<void> {
  const { hostname, port, pathname, host } = new URL(target.url);
  const socket = connect(Number(port), hostname);
  socket.setNoDelay(true);
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  const lines = Object.entries(target.headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\n${lines.join('')}content-type: application/json\r\naccept: application/json, text/event-stream\r\n`;
  try {
    for (let id = firstId; performance.now() < end; id++) {
      const body = target.body.replace('"ID"', String(id));
      const sent = performance.now();
      const answer = await exchange(socket, `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
      times.push(performance.now() - sent);
      if (!answer.startsWith('HTTP/1.1 200') || answer.includes('"error":') || answer.includes('"isError":true')) {
        throw new Error(`${target.name}: ${answer.slice(0, 600)}`);
      }
    }
  } finally {
    socket.destroy();
  }
}

function exchange(socket: Socket, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const done = (act: () => void) => {
      socket.off('data', onData).off('close', onClose);
      act();
    };
    const onData = (chunk: Buffer) => {
      answer += chunk.toString('latin1');
      if (isComplete(answer)) done(() => resolve(answer));
    };
    const onClose = () => done(() => reject(new Error(`closed after: ${answer.slice(0, 300)}`)));
    socket.on('data', onData).on('close', onClose);
    socket.write(request);
  });
}

function isComplete(answer: string): boolean {
  const head = answer.indexOf('\r\n\r\n');
  if (head < 0) return false;
  const length = /content-length: (\d+)/i.exec(answer.slice(0, head))?.[1];
  if (length !== undefined) return answer.length >= head + 4 + Number(length);
  return answer.endsWith('\r\n0\r\n\r\n');
}

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

const HELLO = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } };
const TICKS_PER_SECOND = 100;

export interface Answer {
  readonly result?: { readonly isError?: boolean; readonly structuredContent?: Record<string, unknown> } & Record<
    string,
    unknown
  >;
  readonly error?: unknown;
}

/** A server over stdio, driven by bare lines, so that no client's own time is measured with it. */
export class Driven {
  readonly child: ChildProcessWithoutNullStreams;
  readonly startedAt = performance.now();
  #next = 1;
  #rest = '';
  readonly #waiting = new Map<number, (answer: Answer) => void>();

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.child = spawn(process.execPath, args, { env: { ...bareEnv(), ...env }, stdio: 'pipe' });
    this.child.stdin.on('error', () => {});
    this.child.stderr.resume();
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => this.#read(text));
  }

  /** Milliseconds from the spawn to the answer of `initialize`. */
  async hello(): Promise<number> {
    await this.ask('initialize', HELLO);
    const ms = performance.now() - this.startedAt;
    this.child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`);
    return ms;
  }

  ask(method: string, params: unknown = {}): Promise<Answer> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, resolve);
      this.child.once('exit', () => reject(new Error(`the server ended before it answered ${method}`)));
      this.child.setMaxListeners(0);
      this.child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    });
  }

  async call(name: string, args: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const { result, error } = await this.ask('tools/call', { name, arguments: args });
    if (result === undefined || result.isError) throw new Error(`${name}: ${JSON.stringify(result ?? error)}`);
    return result.structuredContent ?? {};
  }

  /** Resident megabytes now. Linux only. */
  residentMegabytes(): number {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
  }

  /** Seconds of processor time so far, of all threads. Linux only. */
  cpuSeconds(): number {
    const fields = readFileSync(`/proc/${this.child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }

  async end(): Promise<void> {
    const gone = new Promise((resolve) => this.child.once('close', resolve));
    this.child.kill('SIGKILL');
    await gone;
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const { id, ...answer } = JSON.parse(line) as { id?: number } & Answer;
      if (id === undefined) continue;
      this.#waiting.get(id)?.(answer);
      this.#waiting.delete(id);
    }
  }
}

/** Nothing that would make one Node start otherwise than another: NODE_EXTRA_CA_CERTS alone costs 60 ms. */
export function bareEnv(): Record<string, string> {
  return { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' };
}

/** Milliseconds of one `node -e 0`, from spawn to exit. */
export function bareStart(): Promise<number> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['-e', '0'], { env: bareEnv(), stdio: 'ignore' });
    child.once('exit', () => resolve(performance.now() - startedAt));
  });
}

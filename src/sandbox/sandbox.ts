import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../domain/ids.ts';
import { clipStore } from './clips.ts';
import type { Context, Settings } from './context.ts';
import { type Fault, newFaultQueue } from './faults.ts';
import type { Job, SandboxCharacter } from './job.ts';
import { newJournal, type ReceivedRequest } from './journal.ts';
import { requestListener } from './server.ts';
import { openState } from './state.ts';

export interface SandboxOptions {
  /** The SQLite file that keeps jobs and characters; several processes may share it. Default `:memory:`. */
  readonly path?: string | undefined;
  /** Default 0: a free one. The server listens on 127.0.0.1 only. */
  readonly port?: number | undefined;
  /** Unix milliseconds. Default the real clock. */
  readonly clock?: Clock | undefined;
  /** Milliseconds that a job takes. Default 1.5 s and 0.2 s for each second of video, at most 4 s. */
  readonly jobMs?: number | undefined;
  /** Milliseconds that a finished video can be fetched. Default 24 hours. */
  readonly linkMs?: number | undefined;
  /** The only key accepted. Default: any that is not empty. */
  readonly key?: string | undefined;
  /** Whether `/__sandbox/…` takes faults and shows requests and jobs to whoever has the key. Default false. */
  readonly control?: boolean | undefined;
  /** Whether a second create with the same `Idempotency-Key` answers the first job. Default true. */
  readonly idempotency?: boolean | undefined;
  /** Whether a character's clip is refused when it is no MP4 of 2 to 4 s at 720p to 1080p. Default true. */
  readonly checkUploads?: boolean | undefined;
  /** What `/v1/videos` speaks: OpenAI's protocol, or that of `sora-v1` gateways. Default `forwarding`. */
  readonly accent?: 'forwarding' | 'sora-v1' | undefined;
  /** Whether the server lets the process end. Default false. */
  readonly unref?: boolean | undefined;
}

/** A running sandbox: an upstream of both kinds whose clips cost nothing. */
export interface Sandbox {
  readonly port: number;
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  /** `{origin}/v1`: the base URL of the forwarding protocol and of the `seed` dialect. */
  readonly baseUrl: string;
  /** The next requests of a kind go wrong. */
  fault(fault: Fault): void;
  clearFaults(): void;
  /** What this server received, oldest first; of the last 2000. */
  requests(): readonly ReceivedRequest[];
  /** All jobs in the file, oldest first. */
  jobs(): readonly Job[];
  characters(): readonly SandboxCharacter[];
  /** How many requests this server received with an `Idempotency-Key`, and how many jobs the file has of it. */
  createsFor(key: string): { readonly requests: number; readonly jobs: number };
  /** Ends all connections and closes the file. */
  close(): Promise<void>;
}

const DAY_MS = 24 * 60 * 60 * 1000;

export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const state = await openState(options.path ?? ':memory:');
  const faults = newFaultQueue();
  const journal = newJournal();
  let origin = '';
  const context: Context = { settings: settingsFrom(options), state, clips: clipStore(), origin: () => origin };
  const server = createServer(requestListener(context, faults, journal));
  if (options.unref) {
    server.unref();
    server.on('connection', (socket) => socket.unref());
  }
  try {
    await new Promise<void>((listening, failed) => {
      server.once('error', failed);
      server.listen(options.port ?? 0, '127.0.0.1', listening);
    });
  } catch (error) {
    state.close();
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  origin = `http://127.0.0.1:${port}`;
  let closing: Promise<void> | undefined;
  return {
    port,
    origin,
    baseUrl: `${origin}/v1`,
    fault: (fault) => faults.add(fault),
    clearFaults: () => faults.clear(),
    requests: () => journal.entries(),
    jobs: () => state.jobs(),
    characters: () => state.characters(),
    createsFor: (key) => ({
      requests: journal.entries().filter(({ headers }) => headers['idempotency-key'] === key).length,
      jobs: state.jobs().filter(({ idempotencyKey }) => idempotencyKey === key).length,
    }),
    close: () => {
      closing ??= new Promise<void>((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }).then(() => state.close());
      return closing;
    },
  };
}

function settingsFrom(options: SandboxOptions): Settings {
  const { jobMs } = options;
  return {
    clock: options.clock ?? Date.now,
    runMs: (seconds) => jobMs ?? Math.min(4_000, 1_500 + 200 * seconds),
    linkMs: options.linkMs ?? DAY_MS,
    key: options.key,
    control: options.control ?? false,
    idempotency: options.idempotency ?? true,
    checkUploads: options.checkUploads ?? true,
    accent: options.accent ?? 'forwarding',
  };
}

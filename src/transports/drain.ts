import type { Server } from 'node:http';

/** What must come to an end, in this order. */
export interface Traffic {
  readonly server: Server;
  /** From now on requests are turned away. */
  stop(): void;
  /** Requests that are being answered; streams that only wait for news do not count. */
  running(): number;
  /** Ends sessions and streams. */
  end(): Promise<void>;
}

const LOOK_EVERY_MS = 20;
/** For the last bytes of streams that were just ended. */
const FLUSH_MS = 500;

export async function drain({ server, stop, running, end }: Traffic, ms: number): Promise<void> {
  stop();
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const deadline = performance.now() + ms;
  while (running() > 0 && performance.now() < deadline) await pause(LOOK_EVERY_MS);
  await end();
  server.closeIdleConnections();
  await Promise.race([closed, pause(FLUSH_MS)]);
  server.closeAllConnections();
  await closed;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

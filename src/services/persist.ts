import { setTimeout as sleep } from 'node:timers/promises';
import { SoraError } from '../domain/errors.ts';

/** No call may block for longer than 45 s, and more than one write may stand in its way. */
const PATIENCE_MS = 20_000;
const PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
const PASSING: ReadonlySet<string> = new Set(['store_busy', 'disk_full', 'store_unavailable']);

/**
 * For writes that must not fail because another program holds the database for a while: tries again until the lock is
 * gone. Gives up after 20 s, with the store's own error.
 */
export async function persist<T>(write: () => T, patienceMs = PATIENCE_MS): Promise<T> {
  const end = performance.now() + patienceMs;
  for (;;) {
    try {
      return write();
    } catch (error) {
      if (!(error instanceof SoraError && error.code === 'store_busy') || performance.now() >= end) throw error;
      await sleep(PAUSE_MS);
    }
  }
}

/**
 * For what only this process knows and money hangs on, such as the id of a job that was just paid for: tries until it
 * is written, however long the store is locked or the disk full. The operator is told once what is at stake.
 */
export async function persistSurely<T>(log: (line: string) => void, what: string, write: () => T): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return write();
    } catch (error) {
      if (!(error instanceof SoraError && error.retryable && PASSING.has(error.code))) throw error;
      if (tries === 0) log(`not written yet, and tried until it is: ${what} (${error.message})`);
      await sleep(Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** Math.min(tries, 10)));
    }
  }
}

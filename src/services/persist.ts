import { setTimeout as sleep } from 'node:timers/promises';
import { SoraError } from '../domain/errors.ts';

const PATIENCE_MS = 60_000;
const PAUSE_MS = 200;

/**
 * For writes that must not be lost because another program holds the database: tries again until the lock is gone.
 * Gives up after a minute, with the store's own error.
 */
export async function persist<T>(write: () => T, patienceMs = PATIENCE_MS): Promise<T> {
  for (let waited = 0; ; waited += PAUSE_MS) {
    try {
      return write();
    } catch (error) {
      if (!(error instanceof SoraError && error.code === 'store_busy') || waited >= patienceMs) throw error;
      await sleep(PAUSE_MS);
    }
  }
}

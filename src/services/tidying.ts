import { setTimeout as sleep } from 'node:timers/promises';
import type { Core } from './core.ts';

/** Of fewer parts a search does not become quicker; merging them writes the whole index anew. */
const MANY_PARTS = 6;
const PAUSE_MS = 5;

/** Merges a search index that many writes have left in many parts, a little at a time: calls come between. */
export async function tidySearch({ store: { searchIndex } }: Core, signal: AbortSignal): Promise<void> {
  if (searchIndex.parts() <= MANY_PARTS) return;
  for (let more = searchIndex.merge(true); more && !signal.aborted; more = searchIndex.merge(false)) {
    await sleep(PAUSE_MS);
  }
}

import type { Core } from './core.ts';

/**
 * A job of the backend has ended: whoever waits for a place there need not wait until its next try, and what the
 * backend refused while it was full no longer counts.
 */
export function callNext(core: Core, backend: string): void {
  const next = core.store.tasks.nextInLine(backend);
  const now = core.clock();
  if (next?.sendAfter === undefined || (next.sendAfter <= now && next.pollFailures === 0)) return;
  core.store.tasks.update(next.id, { sendAfter: Math.min(next.sendAfter, now), pollFailures: 0 });
}

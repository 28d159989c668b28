import type { Core } from './core.ts';

/** A place at a backend with a limit is free: whoever waits for one need not wait until its next try. */
export function callNext(core: Core, backend: string): void {
  if (core.backends.get(backend)?.profile.limits.concurrentJobs === undefined) return;
  const next = core.store.tasks.nextInLine(backend);
  const now = core.clock();
  if (next?.sendAfter !== undefined && next.sendAfter > now) core.store.tasks.update(next.id, { sendAfter: now });
}

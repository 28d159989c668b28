import { onTestFinished, vi } from 'vitest';
import { TIMEOUTS } from '../../src/backends/http-port.ts';
import type { BackendDeps } from '../../src/backends/registry.ts';
import { subject } from './subject.ts';
import { type Reply, type Script, startUpstream } from './upstream.ts';

/** A backend that faces such an upstream until the test ends. */
export async function facing(script: Script | Reply, deps?: BackendDeps, dialect = 'openai') {
  const upstream = await startUpstream(script);
  onTestFinished(upstream.close);
  const made = subject(upstream.origin, dialect, deps);
  onTestFinished(made.backend.close);
  return { upstream, ...made };
}

export const JOB = { id: 'v1', status: 'queued' };

/**
 * From now on clocks stand still until `letTimePass`: short ones would be a race with the machine. What the test opened
 * before is closed after they go again.
 */
export function stopClocks(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
}

/** As long as no call may take. */
export function letTimePass(): undefined {
  vi.advanceTimersByTime(TIMEOUTS.createTotalMs);
}

import { isFinal, type Task } from '../domain/task.ts';
import type { Core } from './core.ts';
import type { TaskReport } from './services.ts';

const LONGEST_ADVICE_SECONDS = 45;
/** News older than this much beyond its due time is called stale, in milliseconds. */
const STALE_AFTER_MS = 30_000;

/** A task, with when to look again and how old the news is. */
export function reportOf(core: Core, task: Task): TaskReport {
  return { task, nextPollSeconds: nextPollSeconds(core, task), staleSeconds: staleSeconds(core, task) };
}

function nextPollSeconds(core: Core, task: Task): number | undefined {
  const settled = isFinal(task.state) && (task.state !== 'completed' || task.saveState !== 'pending');
  if (settled) return undefined;
  const wait = ((task.nextPollAt ?? core.clock()) - core.clock()) / 1000;
  return Math.max(1, Math.min(LONGEST_ADVICE_SECONDS, Math.ceil(wait)));
}

function staleSeconds(core: Core, task: Task): number | undefined {
  if (isFinal(task.state) || task.pollFailures === 0 || task.heardAt === undefined) return undefined;
  const age = core.clock() - task.heardAt;
  return age > STALE_AFTER_MS ? Math.round(age / 1000) : undefined;
}

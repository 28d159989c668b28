import { isFinal, type Task } from '../domain/task.ts';
import type { Core } from './core.ts';
import { lengthOf } from './length.ts';
import type { TaskReport } from './services.ts';
import { waitingFor } from './turns.ts';

const LONGEST_ADVICE_SECONDS = 45;
/** News is called stale when so long has passed since it should have been renewed, in milliseconds. */
const STALE_AFTER_MS = 30_000;

/** A task, with when to look again and how old the news is. */
export function reportOf(core: Core, task: Task): TaskReport {
  return {
    task,
    waiting: waitingFor(task),
    nextPollSeconds: nextPollSeconds(core, task),
    unfollowed: isUnfollowed(core, task) || undefined,
    staleSeconds: staleSeconds(core, task),
    totalSeconds: task.kind === 'extend' ? lengthOf(core, task) : undefined,
  };
}

function isSettled({ state, saveState }: Task): boolean {
  return isFinal(state) && (state !== 'completed' || saveState !== 'pending');
}

function isUnfollowed(core: Core, task: Task): boolean {
  return !isSettled(task) && !core.backends.has(task.backend);
}

function nextPollSeconds(core: Core, task: Task): number | undefined {
  if (isSettled(task) || isUnfollowed(core, task)) return undefined;
  const wait = ((task.nextPollAt ?? core.clock()) - core.clock()) / 1000;
  return Math.max(1, Math.min(LONGEST_ADVICE_SECONDS, Math.ceil(wait)));
}

/** Its upstream gave no answer, or nobody asked: the server was away, or has no such backend any more. */
function staleSeconds(core: Core, task: Task): number | undefined {
  if (isFinal(task.state) || task.heardAt === undefined) return undefined;
  const now = core.clock();
  const renewed = task.pollFailures > 0 ? task.heardAt : Math.max(task.heardAt, task.nextPollAt ?? 0);
  return now - renewed > STALE_AFTER_MS ? Math.round((now - task.heardAt) / 1000) : undefined;
}

import { SoraError } from '../domain/errors.ts';
import type { Task, TaskState } from '../domain/task.ts';
import type { SavedFile } from '../store/partfile.ts';
import type { TaskPatch } from '../store/tasks.ts';
import { changed } from './changes.ts';
import type { Core } from './core.ts';
import { UNLEASED } from './leases.ts';
import { persist } from './persist.ts';
import { NOT_FOUND_PATIENCE } from './silence.ts';
import { expiredError } from './task-errors.ts';

/** Waits between attempts, in milliseconds; the last repeats. */
const RETRY_AFTER_MS = [2_000, 10_000, 30_000, 120_000, 600_000];
/** What was paid for is not given up while nobody says that it is gone; after about six hours it is tried more seldom. */
const PATIENT_FROM = 40;
const PATIENT_MS = 3_600_000;
/** The upstream says that it has no such job, or none of its bytes. */
const GONE: ReadonlySet<string> = new Set(['not_found', 'link_expired']);

/** The file is there, so it counts, whoever was to fetch it and whatever was thought of it meanwhile. */
export async function markSaved(core: Core, task: Task, file: SavedFile): Promise<void> {
  const patch = { filePath: file.path, fileBytes: file.bytes, saveState: 'saved', saveError: undefined } as const;
  await persist(() =>
    core.store.transaction(() => {
      if (core.store.tasks.byId(task.id)?.saveState === 'saved') return;
      core.store.tasks.move(task.id, {
        from: ['completed', 'expired'],
        to: 'completed',
        patch: { ...patch, error: undefined, nextPollAt: undefined, ...UNLEASED },
      });
    }),
  );
}

/** The bytes are gone upstream. The task stays for what it says and for what was paid. */
export async function markExpired(core: Core, task: Task): Promise<void> {
  const patch = { error: expiredError(task), saveState: 'failed', nextPollAt: undefined } as const;
  await write(core, task, 'expired', patch);
}

/** Writes down why a save did not work, and when it is tried again. */
export async function noteFailure(core: Core, task: Task, error: unknown): Promise<void> {
  const failure = error instanceof SoraError ? error : undefined;
  core.log(`task ${task.id}: saving failed: ${error instanceof Error ? error.message : String(error)}`);
  // Only a row of them counts, as with polls: gateways say it while they restart.
  const gone = GONE.has(failure?.code ?? '') ? task.pollFailures + 1 : 0;
  if (gone >= NOT_FOUND_PATIENCE) return await markExpired(core, task);
  core.reached('save:failed');
  const attempts = task.saveAttempts + 1;
  const soon = RETRY_AFTER_MS[Math.min(attempts, RETRY_AFTER_MS.length) - 1]!;
  const wait = attempts < PATIENT_FROM ? soon : PATIENT_MS;
  await write(core, task, 'completed', {
    saveAttempts: attempts,
    pollFailures: gone,
    saveError: failure?.message ?? 'the video could not be saved',
    nextPollAt: core.clock() + wait,
  });
  core.reached('save:failure-written');
}

/** Only while the save is ours: another process may have taken it over, and saved it, since the lease lapsed. */
async function write(core: Core, task: Task, to: TaskState, patch: TaskPatch): Promise<void> {
  const leaseOwner = core.leases.owner;
  await persist(() =>
    core.store.transaction(() => {
      if (core.store.tasks.byId(task.id)?.saveState !== 'pending') return;
      core.store.tasks.move(task.id, { from: 'completed', to, patch: { ...patch, ...UNLEASED }, leaseOwner });
    }),
  );
  changed(core, task);
}

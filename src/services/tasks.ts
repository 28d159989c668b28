import type { Task } from '../domain/task.ts';
import { isFinal } from '../domain/task.ts';
import type { Core, Workspace } from './core.ts';
import { findTask } from './lookup.ts';
import { hasten } from './poll-schedule.ts';
import { reportOf } from './report.ts';
import type {
  ListTasksInput,
  RequestContext,
  Still,
  TaskPage,
  TaskReport,
  TaskService,
  WaitOptions,
} from './services.ts';
import { stillOf } from './stills.ts';

const DEFAULT_PAGE = 10;
const LONGEST_WAIT_SECONDS = 45;
/** Another process may be the one that follows the task: its news is in the store only. */
const LOOK_EVERY_MS = 1_000;

/** What a caller wants to know about jobs. Answers come from the store; the tracker keeps it current. */
export class Tasks implements TaskService {
  readonly #core: Core;
  readonly #workspace: Workspace;

  constructor(core: Core, workspace: Workspace) {
    this.#core = core;
    this.#workspace = workspace;
  }

  async get(reference: string, wait: WaitOptions = {}, context: RequestContext = {}): Promise<TaskReport> {
    let found = this.#lookAsOneWhoWaits(reference);
    const end = Date.now() + Math.min(LONGEST_WAIT_SECONDS, wait.waitSeconds ?? 0) * 1000;
    for (let told = -1; !isSettled(found.task); ) {
      const { id, progress } = found.task;
      const left = end - Date.now();
      if (left <= 0 || context.signal?.aborted) break;
      if (progress > told) wait.onProgress?.(this.#report(found));
      told = progress;
      await this.#core.changes.next(this.#workspace.name, Math.min(left, LOOK_EVERY_MS), context.signal, (change) => {
        return change.kind === 'task' && change.taskId === id;
      });
      found = this.#lookAsOneWhoWaits(id);
    }
    return this.#report(found);
  }

  list(input: ListTasksInput): TaskPage {
    const page = this.#core.store.tasks.page({
      workspace: this.#workspace.name,
      state: input.status,
      limit: input.limit ?? DEFAULT_PAGE,
      cursor: input.cursor,
    });
    return { tasks: page.items.map((task) => reportOf(this.#core, task)), nextCursor: page.nextCursor };
  }

  async still(reference: string, context: RequestContext = {}): Promise<Still | undefined> {
    return await stillOf(this.#core, findTask(this.#core, this.#workspace.name, reference), context.signal);
  }

  #lookAsOneWhoWaits(reference: string): Found {
    const found = this.#look(reference);
    return hasten(this.#core, found.task) ? this.#look(reference) : found;
  }

  #look(reference: string): Found {
    const { store } = this.#core;
    const workspace = this.#workspace.name;
    return store.recall.get(`task ${workspace} ${reference}`, () => {
      const task = findTask(this.#core, workspace, reference);
      return { task, children: store.tasks.children(task.id).map((child) => child.id) };
    });
  }

  #report({ task, children }: Found): TaskReport {
    return { ...reportOf(this.#core, task), children };
  }
}

interface Found {
  readonly task: Task;
  /** Ids of what was made from it. */
  readonly children: readonly string[];
}

/** Nothing more comes of it: it is over, and its file is saved or will not be soon. */
function isSettled(task: Task): boolean {
  if (!isFinal(task.state)) return false;
  return task.state !== 'completed' || task.saveState !== 'pending' || task.saveAttempts > 0;
}

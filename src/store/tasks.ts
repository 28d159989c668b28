import { SoraError } from '../domain/errors.ts';
import type { Clock } from '../domain/ids.ts';
import { canMove, type Task, type TaskState } from '../domain/task.ts';
import { decodeCursor, type Page, pageOf } from './cursor.ts';
import type { Database, Statement } from './database.ts';
import { type Claim, DueTasks } from './due.ts';
import { isUniqueViolation } from './errors.ts';
import { taskNumbers, taskQueries } from './task-queries.ts';
import { columnsOf, type StoredTaskRow, TASK_COLUMNS, taskOf } from './task-row.ts';

/** What may change. A field that is present and undefined is emptied; `updatedAt` defaults to now. */
export type TaskPatch = Partial<Omit<Task, 'id' | 'workspace' | 'state' | 'createdAt'>>;

export interface TaskMove {
  readonly from: TaskState | readonly TaskState[];
  readonly to: TaskState;
  readonly patch?: TaskPatch | undefined;
  /** Only while this owner holds the lease. */
  readonly leaseOwner?: string | undefined;
  /** Only while it stands for the send that began then. */
  readonly submittedAt?: number | undefined;
}

type Only = Pick<TaskMove, 'leaseOwner' | 'submittedAt'> & { readonly states?: readonly TaskState[] | undefined };

export interface TaskPageQuery {
  readonly workspace: string;
  readonly state?: TaskState | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

type TaskStatements = { readonly [name in keyof ReturnType<typeof taskQueries>]: Statement<StoredTaskRow> };

/** The jobs. Rows are changed by compare-and-set, because other processes follow the same ones. */
export class TaskRepository {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #due: DueTasks;
  readonly #statements: TaskStatements;
  readonly #running: Statement<{ count: number }>;
  readonly #durations: Statement<{ ms: number }>;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
    this.#due = new DueTasks(database);
    const queries = taskQueries(database);
    this.#statements = Object.fromEntries(
      Object.entries(queries).map(([name, query]) => [name, database.prepare(query)]),
    ) as unknown as TaskStatements;
    const { runningCount, durations } = taskNumbers(database);
    this.#running = database.prepare(runningCount);
    this.#durations = database.prepare(durations);
  }

  /**
   * Writes the intent. One without `sendAfter` must carry a lease, or another process takes it for an orphan at once.
   * Throws `idempotency_conflict` (details.taskId) when the workspace has used the key.
   */
  insert(task: Task): Task {
    try {
      this.#database.run(this.#database.build.insertInto('tasks').values(columnsOf(task) as never));
      return task;
    } catch (error) {
      if (!isUniqueViolation(error, 'tasks.idempotency_key')) throw error;
      throw new SoraError({
        code: 'idempotency_conflict',
        field: 'idempotency_key',
        message: 'this idempotency key has been used',
        hint: 'Use a new key for a new video.',
        details: { taskId: this.byIdempotencyKey(task.workspace, task.idempotencyKey!)?.id },
        cause: error,
      });
    }
  }

  byId(id: string, workspace?: string): Task | undefined {
    const row = this.#statements.byId.first({ id });
    return row === undefined || (workspace !== undefined && row.workspace !== workspace) ? undefined : taskOf(row);
  }

  /** The newest, should two backends have used the same id. */
  byRemoteId(workspace: string, remoteId: string, backend?: string): Task | undefined {
    const row = this.#statements.byRemoteId.first({ workspace, remoteId, backend });
    return row && taskOf(row);
  }

  /** The task that has a backend's job, whatever its workspace. */
  ownerOf(backend: string, remoteId: string): Task | undefined {
    const row = this.#statements.ownerOf.first({ backend, remoteId });
    return row && taskOf(row);
  }

  /** Whether a backend's answer gave this very link to a video. */
  isLink(url: string): boolean {
    return this.#statements.byLink.first({ url }) !== undefined;
  }

  byIdempotencyKey(workspace: string, key: string): Task | undefined {
    const row = this.#statements.byIdempotencyKey.first({ workspace, key });
    return row && taskOf(row);
  }

  /** Newest first. Throws `invalid_argument` for a bad cursor. */
  page({ workspace, state, limit, cursor }: TaskPageQuery): Page<Task> {
    const values = { workspace, state, before: decodeCursor('tasks', cursor), limit: limit + 1 };
    const statement = state === undefined ? this.#statements.page : this.#statements.pageByState;
    return pageOf('tasks', statement.all(values), limit, (rows) => rows.map(taskOf));
  }

  latest(workspace: string, count: number): Task[] {
    return this.#statements.page.all({ workspace, before: Number.MAX_SAFE_INTEGER, limit: count }).map(taskOf);
  }

  children(parentId: string): Task[] {
    return this.#statements.children.all({ parentId }).map(taskOf);
  }

  ofStoryboard(storyboardId: string): Task[] {
    return this.#statements.ofStoryboard.all({ storyboardId }).map(taskOf);
  }

  /** All tasks of a backend that a listing of it may tell about: queued, in progress, unknown or being submitted. */
  running(backend: string, limit: number): Task[] {
    return this.#statements.running.all({ backend, limit }).map(taskOf);
  }

  /**
   * How many jobs a backend has, or may have, at this moment, in all workspaces. Of the `unknown` ones only those sent
   * since `unknownSince` (unix milliseconds): one that nobody can look for would hold its place for ever.
   */
  unfinishedCount(backend: string, unknownSince = 0): number {
    return this.#running.first({ backend, unknownSince })?.count ?? 0;
  }

  /**
   * Compare and set: the new task, or undefined when it was in none of the states `from` any more, the lease is lost, or
   * it was sent anew.
   * Throws when the domain knows no such move.
   */
  move(id: string, { from, to, patch = {}, leaseOwner, submittedAt }: TaskMove): Task | undefined {
    const states = typeof from === 'string' ? [from] : from;
    const illegal = states.find((state) => !canMove(state, to));
    if (illegal !== undefined) throw new RangeError(`a task cannot go from ${illegal} to ${to}`);
    return this.#change(id, { ...patch, state: to }, { states, leaseOwner, submittedAt });
  }

  /** Changes anything but the state. Undefined when there is no such task. */
  update(id: string, patch: TaskPatch): Task | undefined {
    return this.#change(id, patch);
  }

  /** Leases what is due, the longest due first; each task to one process only. */
  claimDue(claim: Claim): Task[] {
    return this.#due.claim(claim).map(taskOf);
  }

  /** False when the lease was lost: whatever is being done for the task must not be written. */
  renewLease(id: string, owner: string, until: number): boolean {
    const query = this.#database.build
      .updateTable('tasks')
      .set({ lease_until: until })
      .where('id', '=', id)
      .where('lease_owner', '=', owner);
    return this.#database.relaxed(() => this.#database.run(query).changes === 1);
  }

  /** Writes the patch and gives the task back. Undefined, and nothing written, when the lease was lost. */
  releaseLease(id: string, owner: string, patch: TaskPatch = {}): Task | undefined {
    return this.#change(id, { ...patch, leaseOwner: undefined, leaseUntil: undefined }, { leaseOwner: owner });
  }

  /**
   * When the next claim may find something: at once, later, or (undefined) never, as far as is known now.
   * Other processes add tasks, so look again at least every half minute.
   */
  nextDueAt(owner: string, now: number, backends?: readonly string[]): number | undefined {
    return this.#due.nextDueAt(owner, now, backends);
  }

  /** Who waits for a place at a backend, and was not turned away by it. */
  nextInLine(backend: string): Task | undefined {
    const row = this.#statements.nextInLine.first({ backend });
    return row && taskOf(row);
  }

  /** How long the latest finished jobs took, in milliseconds, the latest first. */
  durations(of: { readonly backend: string; readonly model: string; readonly limit: number }): number[] {
    return this.#durations.all({ ...of }).map((row) => row.ms);
  }

  #change(id: string, patch: Partial<Task>, only: Only = {}): Task | undefined {
    const { states, leaseOwner, submittedAt } = only;
    let query = this.#database.build
      .updateTable('tasks')
      .set(columnsOf({ updatedAt: this.#clock(), ...patch }) as never)
      .where('id', '=', id);
    if (states !== undefined) query = query.where('state', 'in', states);
    if (leaseOwner !== undefined) query = query.where('lease_owner', '=', leaseOwner);
    if (submittedAt !== undefined) query = query.where('submitted_at', '=', submittedAt);
    const row = this.#database.first(query.returning(TASK_COLUMNS));
    return row && taskOf(row);
  }
}

import type { Task } from '../domain/task.ts';
import type { Core } from './core.ts';
import { follow } from './follow.ts';
import { followMany } from './follow-many.ts';

/** With so many jobs running at a backend, one list call tells more than asking for the one that is due. */
const LIST_FROM = 2;
/** After a list that failed, jobs are asked for one by one for so long. */
const LIST_REST_MS = 5 * 60_000;

/** Asks backends how their jobs go: with one call for many where a backend lists, and never with two such at once. */
export class Polls {
  readonly #core: Core;
  readonly #signal: AbortSignal;
  /** Backends whose list is being asked for. */
  readonly #listing = new Set<string>();
  /** Backends whose list failed, and until when (unix milliseconds) it is not asked for. */
  readonly #unlisting = new Map<string, number>();

  constructor(core: Core, signal: AbortSignal) {
    this.#core = core;
    this.#signal = signal;
  }

  /** Backends that may be asked now: the list that is on its way to another tells of what became due there meanwhile. */
  askable(): string[] {
    return [...this.#core.backends.keys()].filter((backend) => !this.#listing.has(backend));
  }

  /** Asks about tasks that were taken in hand, and holds their leases meanwhile. */
  about(tasks: readonly Task[]): Promise<void>[] {
    const backends = [...new Set(tasks.map((task) => task.backend))];
    return backends.flatMap((backend) => {
      const there = tasks.filter((task) => task.backend === backend);
      return this.#lists(backend) ? [this.#list(backend, there)] : there.map((task) => this.#get(task));
    });
  }

  #lists(backend: string): boolean {
    const until = this.#unlisting.get(backend) ?? 0;
    const now = this.#core.clock();
    // A clock that was set back must not prolong it.
    const rests = now < until && until <= now + LIST_REST_MS;
    const able = this.#core.backends.get(backend)?.listVideos !== undefined && !rests;
    return able && this.#core.store.tasks.unfinishedCount(backend) >= LIST_FROM;
  }

  async #list(backend: string, tasks: readonly Task[]): Promise<void> {
    this.#listing.add(backend);
    const ids = tasks.map((task) => task.id);
    try {
      const able = await this.#core.leases.during(ids, followMany(this.#core, backend, tasks, this.#signal));
      if (!able) this.#unlisting.set(backend, this.#core.clock() + LIST_REST_MS);
    } finally {
      this.#listing.delete(backend);
    }
  }

  #get(task: Task): Promise<void> {
    return this.#core.leases.during(task.id, follow(this.#core, task, this.#signal));
  }
}

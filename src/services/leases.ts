import type { Clock } from '../domain/ids.ts';
import type { TaskRepository } from '../store/tasks.ts';

/** A lease as it stands in a row. */
export interface LeaseColumns {
  readonly leaseOwner: string;
  readonly leaseUntil: number;
}

export const UNLEASED = { leaseOwner: undefined, leaseUntil: undefined } as const;

/**
 * What this process has in hand, for all others to keep off. A lease that is not renewed lapses, so a dead process
 * holds nothing for long.
 */
export class Leases {
  /** Names this process. */
  readonly owner: string;
  /** How long a lease holds without being renewed, in milliseconds. */
  readonly ms: number;
  readonly #clock: Clock;
  readonly #tasks: TaskRepository;
  /** How many works of this process each task is in. */
  readonly #held = new Map<string, number>();
  readonly #works = new Set<Promise<unknown>>();

  constructor(tasks: TaskRepository, clock: Clock, owner: string, ms: number) {
    this.#tasks = tasks;
    this.#clock = clock;
    this.owner = owner;
    this.ms = ms;
  }

  /** For a row that is about to be written. */
  columns(): LeaseColumns {
    return { leaseOwner: this.owner, leaseUntil: this.#clock() + this.ms };
  }

  /** Renews the leases for as long as the work goes on. */
  async during<T>(taskIds: string | readonly string[], work: Promise<T>): Promise<T> {
    const ids = [taskIds].flat();
    for (const id of ids) this.#held.set(id, (this.#held.get(id) ?? 0) + 1);
    this.#works.add(work);
    try {
      return await work;
    } finally {
      this.#works.delete(work);
      for (const id of ids) this.#letGo(id);
    }
  }

  /** What this process is at now, whatever the leases say: clocks are set, and locked stores renew nothing. */
  held(): readonly string[] {
    return [...this.#held.keys()];
  }

  /** Resolves when everything that is under way now has ended. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#works]);
  }

  renew(): void {
    for (const id of this.#held.keys()) this.#tasks.renewLease(id, this.owner, this.#clock() + this.ms);
  }

  /** Gives back what is still in hand; but for creates, whose answer may yet come. */
  release(): void {
    for (const id of this.#held.keys()) {
      if (this.#tasks.byId(id)?.state !== 'submitting') this.#tasks.releaseLease(id, this.owner);
    }
  }

  #letGo(id: string): void {
    const works = (this.#held.get(id) ?? 1) - 1;
    if (works > 0) this.#held.set(id, works);
    else this.#held.delete(id);
  }
}

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
  readonly #held = new Set<string>();

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
    for (const id of ids) this.#held.add(id);
    try {
      return await work;
    } finally {
      for (const id of ids) this.#held.delete(id);
    }
  }

  renew(): void {
    for (const id of this.#held) this.#tasks.renewLease(id, this.owner, this.#clock() + this.ms);
  }

  /** Gives back what is still in hand; but for creates, whose answer may yet come. */
  release(): void {
    for (const id of this.#held) {
      if (this.#tasks.byId(id)?.state !== 'submitting') this.#tasks.releaseLease(id, this.owner);
    }
  }
}

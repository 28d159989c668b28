import { setTimeout as sleep } from 'node:timers/promises';
import { SoraError } from '../domain/errors.ts';
import type { Task } from '../domain/task.ts';
import type { DueKind } from '../store/due.ts';
import { Chores } from './chores.ts';
import type { Core } from './core.ts';
import { follow } from './follow.ts';
import { followMany } from './follow-many.ts';
import { reconcile } from './reconcile.ts';
import { recover } from './recover.ts';
import { Rest } from './rest.ts';
import { saveVideo } from './save.ts';
import { sendQueued } from './send-queued.ts';

/** At the latest after this the store is looked at anew: another process may have died with tasks in hand. */
const MAX_IDLE_MS = 5_000;
/** What is due and was not taken is in our own hands, or its lane is full; whatever ends wakes us anyway. */
const LEAST_IDLE_MS = 100;
/** Each kind of work has places of its own: large downloads must not keep anybody from being polled. */
const LANES = [
  { kinds: ['poll', 'recover'], atOnce: 16 },
  { kinds: ['send'], atOnce: 8 },
  { kinds: ['save'], atOnce: 4 },
] as const satisfies readonly { readonly kinds: readonly DueKind[]; readonly atOnce: number }[];
/** With so many jobs running at a backend, one list call tells more than asking for the one that is due. */
const LIST_FROM = 2;
const STOP_WITHIN_MS = 800;

/**
 * Follows every unfinished task of the data directory, whoever made it: sends what waits for its turn, polls what
 * runs, looks for what was lost, and saves what is done. One in each process; leases keep them out of each other's way.
 */
export class Tracker {
  readonly #core: Core;
  readonly #inHand = new Set<Promise<void>>();
  readonly #lanes = new Map<DueKind, Set<Promise<void>>>();
  readonly #stopping = new AbortController();
  /** Backends that say they list, and do not. */
  readonly #unlisting = new Set<string>();
  readonly #rest = new Rest();
  #running: Promise<void> | undefined;
  readonly #chores: Chores;

  constructor(core: Core) {
    this.#core = core;
    this.#chores = new Chores(core, this.#stopping.signal);
  }

  /** Begins; of one that has begun: looks at the store now instead of when the next task is due. */
  start(): void {
    this.#core.changes.onAny = () => this.wake();
    this.#running ??= this.#run();
    this.wake();
  }

  /** Looks at the store now instead of when the next task is due. */
  wake(): void {
    this.#rest.end();
  }

  /** Ends within a second: reads and downloads are cut off and put back, creates that left are given that second. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.wake();
    await Promise.race([
      Promise.allSettled([...this.#inHand, this.#core.leases.settled(), this.#running]),
      sleep(STOP_WITHIN_MS, undefined, { ref: false }),
    ]);
    try {
      this.#core.leases.release();
    } catch {
      // The leases lapse by themselves.
    }
  }

  async #run(): Promise<void> {
    const beat = setInterval(() => this.#renew(), this.#core.leases.ms / 3);
    beat.unref();
    while (!this.#stopping.signal.aborted) {
      const idle = this.#guarded(() => this.#takeDue()) ?? MAX_IDLE_MS;
      await this.#rest.for(idle);
    }
    clearInterval(beat);
  }

  /** Takes what is due into hand; returns how long nothing more will be, in milliseconds. */
  #takeDue(): number {
    const { store, clock, leases, backends } = this.#core;
    for (const work of this.#chores.due()) this.#hold(work);
    const claim = { owner: leases.owner, leaseMs: leases.ms, backends: [...backends.keys()] };
    let taken = 0;
    for (const { kinds, atOnce } of LANES) {
      const lane = this.#lanes.get(kinds[0]) ?? new Set();
      this.#lanes.set(kinds[0], lane);
      const limit = atOnce - lane.size;
      if (limit <= 0) continue;
      const due = store.tasks.claimDue({ ...claim, now: clock(), kinds, limit, except: leases.held() });
      taken += due.length;
      this.#take(due, lane);
    }
    const next = store.tasks.nextDueAt(claim.owner, clock(), claim.backends);
    if (next === undefined) return MAX_IDLE_MS;
    return Math.max(taken > 0 ? 0 : LEAST_IDLE_MS, Math.min(MAX_IDLE_MS, next - clock()));
  }

  #take(due: readonly Task[], lane: Set<Promise<void>>): void {
    const polls = new Map<string, Task[]>();
    for (const task of due) {
      if (task.state === 'queued' || task.state === 'in_progress') {
        polls.set(task.backend, [...(polls.get(task.backend) ?? []), task]);
      } else {
        this.#hold(this.#core.leases.during(task.id, this.#handle(task)), lane);
      }
    }
    for (const [backend, tasks] of polls) this.#poll(backend, tasks, lane);
  }

  #poll(backend: string, tasks: readonly Task[], lane: Set<Promise<void>>): void {
    const { signal } = this.#stopping;
    const { backends, leases, store } = this.#core;
    const lists = backends.get(backend)?.listVideos !== undefined && !this.#unlisting.has(backend);
    if (lists && store.tasks.unfinishedCount(backend) >= LIST_FROM) {
      const ids = tasks.map((task) => task.id);
      const asked = followMany(this.#core, backend, tasks, signal).then((able) => {
        if (!able) this.#unlisting.add(backend);
      });
      this.#hold(leases.during(ids, asked), lane);
    } else {
      for (const task of tasks) this.#hold(leases.during(task.id, follow(this.#core, task, signal)), lane);
    }
  }

  async #handle(task: Task): Promise<void> {
    const signal = this.#stopping.signal;
    switch (task.state) {
      case 'reserved':
        return task.sendAfter === undefined ? await recover(this.#core, task) : await sendQueued(this.#core, task);
      case 'submitting':
        return await recover(this.#core, task);
      case 'unknown':
        return await reconcile(this.#core, task, signal);
      case 'completed':
        return await saveVideo(this.#core, task, signal);
      case 'queued':
      case 'in_progress':
        return await follow(this.#core, task, signal);
      case 'failed':
      case 'expired':
        return;
      default:
        task.state satisfies never;
    }
  }

  #hold(work: Promise<void>, lane?: Set<Promise<void>>): void {
    const held = work
      .catch((error: unknown) => {
        if (!this.#stopping.signal.aborted) this.#core.log(`tracker: ${describe(error)}`);
      })
      .finally(() => {
        this.#inHand.delete(held);
        lane?.delete(held);
        this.wake();
      });
    this.#inHand.add(held);
    lane?.add(held);
  }

  #renew(): void {
    this.#guarded(() => {
      this.#core.leases.renew();
      return undefined;
    });
  }

  #guarded(work: () => number | undefined): number | undefined {
    try {
      return work();
    } catch (error) {
      this.#core.log(`tracker: ${describe(error)}`);
      return undefined;
    }
  }
}

function describe(error: unknown): string {
  if (error instanceof SoraError) return `${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SoraError } from '../domain/errors.ts';
import type { Task } from '../domain/task.ts';
import { sweepParts } from '../store/part-claim.ts';
import type { Core } from './core.ts';
import { joinFilms } from './films.ts';
import { follow } from './follow.ts';
import { followMany } from './follow-many.ts';
import { reconcile } from './reconcile.ts';
import { reconcileCharacters } from './reconcile-character.ts';
import { recover } from './recover.ts';
import { saveVideo } from './save.ts';
import { sendQueued } from './send-queued.ts';

/** At the latest after this the store is looked at anew: another process may have died with tasks in hand. */
const MAX_IDLE_MS = 5_000;
const LEAST_IDLE_MS = 20;
const AT_ONCE = 16;
/** With so many jobs running at a backend, one list call tells more than asking for the one that is due. */
const LIST_FROM = 2;
const CHARACTERS_EVERY_MS = 15_000;
const FILMS_EVERY_MS = 1_000;
const SWEEP_EVERY_MS = 10 * 60_000;
const STOP_WITHIN_MS = 800;

/**
 * Follows every unfinished task of the data directory, whoever made it: sends what waits for its turn, polls what
 * runs, looks for what was lost, and saves what is done. One in each process; leases keep them out of each other's way.
 */
export class Tracker {
  readonly #core: Core;
  readonly #inHand = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  /** Backends that say they list, and do not. */
  readonly #unlisting = new Set<string>();
  #wake: () => void = () => {};
  #awake = false;
  #running: Promise<void> | undefined;
  #charactersDueAt = 0;
  #filmsDueAt = 0;
  #sweepDueAt = 0;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Begins; of one that has begun: looks at the store now instead of when the next task is due. */
  start(): void {
    this.#core.changes.onAny = () => this.wake();
    this.#running ??= this.#run();
    this.wake();
  }

  /** Looks at the store now instead of when the next task is due. */
  wake(): void {
    this.#awake = true;
    this.#wake();
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
      await this.#rest(idle);
    }
    clearInterval(beat);
  }

  /** Takes what is due into hand; returns how long nothing more will be, in milliseconds. */
  #takeDue(): number {
    const { store, clock, leases } = this.#core;
    const { owner, ms: leaseMs } = leases;
    const backends = [...this.#core.backends.keys()];
    this.#lookAround();
    const room = AT_ONCE - this.#inHand.size;
    if (room <= 0) return MAX_IDLE_MS;
    const due = store.tasks.claimDue({ owner, now: clock(), leaseMs, limit: room, backends, except: leases.held() });
    const polls = new Map<string, Task[]>();
    for (const task of due) {
      if (task.state === 'queued' || task.state === 'in_progress') {
        polls.set(task.backend, [...(polls.get(task.backend) ?? []), task]);
      } else {
        this.#hold(leases.during(task.id, this.#handle(task)));
      }
    }
    for (const [backend, tasks] of polls) this.#poll(backend, tasks);
    if (due.length === room) return 0;
    const next = store.tasks.nextDueAt(owner, clock(), backends);
    if (next === undefined) return MAX_IDLE_MS;
    // What is due and was not claimed is in our own hands.
    return Math.max(due.length > 0 ? 0 : LEAST_IDLE_MS, Math.min(MAX_IDLE_MS, next - clock()));
  }

  /** What is not a task: characters whose create was lost, and films whose scenes are there. Not on every turn. */
  #lookAround(): void {
    const now = performance.now();
    if (now >= this.#charactersDueAt) {
      this.#charactersDueAt = now + CHARACTERS_EVERY_MS;
      this.#hold(reconcileCharacters(this.#core, this.#stopping.signal));
    }
    if (now >= this.#sweepDueAt) {
      this.#sweepDueAt = now + SWEEP_EVERY_MS;
      this.#hold(sweepParts(join(this.#core.store.dataDir, 'videos')));
    }
    if (now >= this.#filmsDueAt) {
      this.#filmsDueAt = Number.POSITIVE_INFINITY;
      this.#hold(
        joinFilms(this.#core, this.#stopping.signal).finally(() => {
          this.#filmsDueAt = performance.now() + FILMS_EVERY_MS;
        }),
      );
    }
  }

  #poll(backend: string, tasks: readonly Task[]): void {
    const { signal } = this.#stopping;
    const { backends, leases, store } = this.#core;
    const lists = backends.get(backend)?.listVideos !== undefined && !this.#unlisting.has(backend);
    if (lists && store.tasks.unfinishedCount(backend) >= LIST_FROM) {
      const ids = tasks.map((task) => task.id);
      const asked = followMany(this.#core, backend, tasks, signal).then((able) => {
        if (!able) this.#unlisting.add(backend);
      });
      this.#hold(leases.during(ids, asked));
    } else {
      for (const task of tasks) this.#hold(leases.during(task.id, follow(this.#core, task, signal)));
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

  #hold(work: Promise<void>): void {
    const held = work
      .catch((error: unknown) => {
        if (!this.#stopping.signal.aborted) this.#core.log(`tracker: ${describe(error)}`);
      })
      .finally(() => {
        this.#inHand.delete(held);
        this.wake();
      });
    this.#inHand.add(held);
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

  #rest(ms: number): Promise<void> {
    if (ms === 0 || this.#awake) {
      this.#awake = false;
      return new Promise((resolve) => setImmediate(resolve));
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake(), ms);
      timer.unref();
      this.#wake = () => {
        this.#wake = () => {};
        this.#awake = false;
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function describe(error: unknown): string {
  if (error instanceof SoraError) return `${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

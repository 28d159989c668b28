import { setTimeout as sleep } from 'node:timers/promises';
import { SoraError } from '../domain/errors.ts';
import type { Task } from '../domain/task.ts';
import type { DueKind } from '../store/due.ts';
import { Chores } from './chores.ts';
import type { Core } from './core.ts';
import { Polls } from './polls.ts';
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
const STOP_WITHIN_MS = 800;
const LOOK_EVERY_MS = 20;

/**
 * Follows every unfinished task of the data directory, whoever made it: sends what waits for its turn, polls what
 * runs, looks for what was lost, and saves what is done. One in each process; leases keep them out of each other's way.
 */
export class Tracker {
  readonly #core: Core;
  readonly #inHand = new Set<Promise<void>>();
  readonly #lanes = new Map<DueKind, Set<Promise<void>>>();
  readonly #stopping = new AbortController();
  readonly #polls: Polls;
  readonly #rest = new Rest();
  #running: Promise<void> | undefined;
  readonly #chores: Chores;

  constructor(core: Core) {
    this.#core = core;
    this.#polls = new Polls(core, this.#stopping.signal);
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

  /** Reads and downloads are cut off and put back within a second; creates are given `patienceMs`, where that is longer. */
  async stop(patienceMs = 0): Promise<void> {
    const deadline = performance.now() + patienceMs;
    this.#stopping.abort();
    this.wake();
    await Promise.race([
      Promise.allSettled([...this.#inHand, this.#core.leases.settled(), this.#running]),
      sleep(STOP_WITHIN_MS, undefined, { ref: false }),
    ]);
    while (this.#isSending() && performance.now() < deadline) await sleep(LOOK_EVERY_MS);
    try {
      this.#core.leases.release();
    } catch {
      // The leases lapse by themselves.
    }
  }

  /** Whether the answer to a create is still to come, or to be written. It is worth money, whoever listens. */
  #isSending(): boolean {
    const { leases, store } = this.#core;
    try {
      return leases.held().some((id) => isUnanswered(store.tasks.byId(id) ?? store.bindings.byId(id)));
    } catch {
      // What cannot be read now is not written either.
      return true;
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
    const claim = { owner: leases.owner, leaseMs: leases.ms };
    const known = [...backends.keys()];
    let taken = 0;
    for (const { kinds, atOnce } of LANES) {
      const lane = this.#lanes.get(kinds[0]) ?? new Set();
      this.#lanes.set(kinds[0], lane);
      const limit = atOnce - lane.size;
      if (limit <= 0) continue;
      const backends = kinds[0] === 'poll' ? this.#polls.askable() : known;
      const due = store.tasks.claimDue({ ...claim, backends, now: clock(), kinds, limit, except: leases.held() });
      taken += due.length;
      this.#take(due, lane);
    }
    const next = store.tasks.nextDueAt(claim.owner, clock(), known);
    if (next === undefined) return MAX_IDLE_MS;
    return Math.max(taken > 0 ? 0 : LEAST_IDLE_MS, Math.min(MAX_IDLE_MS, next - clock()));
  }

  #take(due: readonly Task[], lane: Set<Promise<void>>): void {
    for (const work of this.#polls.about(due.filter(runs))) this.#hold(work, lane);
    for (const task of due.filter((task) => !runs(task))) {
      this.#hold(this.#core.leases.during(task.id, this.#handle(task)), lane);
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

function runs({ state }: Task): boolean {
  return state === 'queued' || state === 'in_progress';
}

function isUnanswered(work: { readonly state: string } | undefined): boolean {
  return work?.state === 'reserved' || work?.state === 'submitting';
}

function describe(error: unknown): string {
  if (error instanceof SoraError) return `${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

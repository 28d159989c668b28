import { isoTime, utcDay } from '../domain/ids.ts';
import { type MicroUsd, microUsd, NOTHING } from '../domain/money.ts';
import type { Database, Statement } from './database.ts';
import { type LedgerRowRead, ledgerQueries, type SpendTotals } from './ledger-queries.ts';
import type { HoldRow, LedgerRow } from './schema.ts';

export interface SpendLimits {
  /** A UTC day. Absent: no limit. */
  readonly day?: MicroUsd | undefined;
  /** A UTC month. Absent: no limit. */
  readonly month?: MicroUsd | undefined;
}

export interface Reservation {
  /** The id of the task or binding that the money is for. One hold a ref. */
  readonly ref: string;
  readonly workspace: string;
  readonly backend: string;
  readonly project: string;
  readonly amount: MicroUsd;
  /** Where the rate comes from; `sandbox` for sandbox clips. */
  readonly source: string;
  /** Default `video`. Only videos are counted in the rows. */
  readonly what?: 'video' | 'character' | undefined;
  readonly limits: SpendLimits;
  /** Unix milliseconds. */
  readonly now: number;
}

export type ReservationResult =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly window: 'day' | 'month';
      readonly used: MicroUsd;
      readonly limit: MicroUsd;
      /** ISO time. */
      readonly renewsAt: string;
    };

export interface LedgerWindow {
  /** Settled in the window, and everything that is outstanding. */
  readonly used: MicroUsd;
  readonly limit?: MicroUsd | undefined;
  /** Never below zero. */
  readonly left?: MicroUsd | undefined;
  readonly renewsAt: string;
}

export interface LedgerSummary {
  readonly day: LedgerWindow;
  readonly month: LedgerWindow;
  /** Outstanding reservations. */
  readonly reserved: MicroUsd;
}

export interface LedgerDay {
  readonly day: string;
  readonly backend: string;
  readonly project: string;
  readonly videos: number;
  readonly spent: MicroUsd;
}

/** Money: what is held for jobs under way, and an append-only record of what was reserved, settled and released. */
export class Ledger {
  readonly #database: Database;
  readonly #totals: Statement<SpendTotals>;
  readonly #hold: Statement<HoldRow>;
  readonly #insertHold: Statement<unknown>;
  readonly #deleteHold: Statement<unknown>;
  readonly #append: Statement<unknown>;
  readonly #rows: Statement<Omit<LedgerDay, 'spent'> & { spent: number }>;
  readonly #entries: Statement<LedgerRowRead>;
  readonly #lost: Statement<{ ref: string }>;

  constructor(database: Database) {
    this.#database = database;
    const queries = ledgerQueries(database);
    this.#totals = database.prepare(queries.totals);
    this.#hold = database.prepare(queries.hold);
    this.#insertHold = database.prepare(queries.insertHold);
    this.#deleteHold = database.prepare(queries.deleteHold);
    this.#append = database.prepare(queries.append);
    this.#rows = database.prepare(queries.rows);
    this.#entries = database.prepare(queries.entries);
    this.#lost = database.prepare(queries.lost);
  }

  /**
   * Holds an amount unless it would pass a limit; an amount of nothing always fits. Call it in the transaction that
   * writes the intent. A ref that holds money already keeps what it has.
   */
  reserve({ limits, now, what = 'video', ...reservation }: Reservation): ReservationResult {
    return this.#database.transaction(() => {
      if (this.#hold.first({ ref: reservation.ref }) !== undefined) return { ok: true };
      const refusal = this.#refusal(reservation.workspace, reservation.amount, limits, now);
      if (refusal !== undefined) return refusal;
      const hold: HoldRow = { ...reservation, what, created_at: now };
      this.#insertHold.run({ ...hold });
      this.#record(hold, 'reserve', hold.amount, now);
      return { ok: true };
    });
  }

  /** Turns the hold into spent money, once. False when there is no hold (any more). */
  settle(ref: string, amount: MicroUsd, now: number): boolean {
    return this.#end(ref, 'settle', now, amount);
  }

  /** Gives the hold back, once. False when there is no hold (any more). */
  release(ref: string, now: number): boolean {
    return this.#end(ref, 'release', now);
  }

  /** Takes back what was settled, on the day that it was settled on. False when nothing is. */
  refund(ref: string, now: number): boolean {
    return this.#database.transaction(() => {
      const last = this.#entries.all({ ref }).at(-1);
      if (last?.kind !== 'settle') return false;
      this.#append.run({ ...last, kind: 'release', created_at: now });
      return true;
    });
  }

  /** The same hold on another backend at another price, checked against the limits; a refusal leaves it as it was. */
  moveHold(
    ref: string,
    to: Pick<Reservation, 'backend' | 'amount' | 'source' | 'limits' | 'now'>,
  ): ReservationResult | undefined {
    return this.#database.transaction(() => {
      const hold = this.#hold.first({ ref });
      if (hold === undefined) return undefined;
      const refusal = this.#refusal(hold.workspace, to.amount, to.limits, to.now, hold.amount);
      if (refusal !== undefined) return refusal;
      this.release(ref, to.now);
      return this.reserve({ ...hold, ...to, amount: to.amount });
    });
  }

  /** What money is held for that was sent, and held, before then, and of which nobody knows what became: their refs. */
  lost(before: number): string[] {
    return this.#lost.all({ before }).map(({ ref }) => ref);
  }

  /** What is held for a ref. */
  held(ref: string): MicroUsd | undefined {
    const hold = this.#hold.first({ ref });
    return hold && microUsd(hold.amount);
  }

  summary(workspace: string, now: number, limits: SpendLimits = {}): LedgerSummary {
    const { day, month, reserved } = this.#used(workspace, now);
    return {
      day: windowOf(day, limits.day, dayEnd(now)),
      month: windowOf(month, limits.month, monthEnd(now)),
      reserved,
    };
  }

  /** What was settled since a UTC day (`2026-11-22`), by day, backend and project, the latest day first. */
  rows(workspace: string, sinceDay: string): LedgerDay[] {
    return this.#rows.all({ workspace, sinceDay }).map((row) => ({ ...row, spent: microUsd(row.spent) }));
  }

  /** Everything that happened to the money of a ref, in order. */
  entries(ref: string): Pick<LedgerRow, 'kind' | 'amount' | 'backend' | 'source' | 'created_at'>[] {
    return this.#entries.all({ ref });
  }

  #used(workspace: string, now: number): { day: MicroUsd; month: MicroUsd; reserved: MicroUsd } {
    const today = utcDay(now);
    const totals = this.#totals.first({
      workspace,
      today,
      first: `${today.slice(0, 7)}-01`,
      last: `${today.slice(0, 7)}-31`,
    });
    const reserved = totals?.reserved ?? 0;
    return {
      day: microUsd((totals?.day ?? 0) + reserved),
      month: microUsd((totals?.month ?? 0) + reserved),
      reserved: microUsd(reserved),
    };
  }

  #refusal(
    workspace: string,
    amount: MicroUsd,
    limits: SpendLimits,
    now: number,
    alreadyHeld = 0,
  ): ReservationResult | undefined {
    if (amount <= alreadyHeld) return undefined;
    const used = this.#used(workspace, now);
    for (const window of ['day', 'month'] as const) {
      const limit = limits[window];
      if (limit === undefined || used[window] - alreadyHeld + amount <= limit) continue;
      const renewsAt = isoTime(window === 'day' ? dayEnd(now) : monthEnd(now));
      return { ok: false, window, used: used[window], limit, renewsAt };
    }
    return undefined;
  }

  #end(ref: string, kind: 'settle' | 'release', now: number, amount?: MicroUsd): boolean {
    return this.#database.transaction(() => {
      const hold = this.#hold.first({ ref });
      if (hold === undefined) return false;
      this.#deleteHold.run({ ref });
      this.#record(hold, kind, amount ?? hold.amount, now);
      return true;
    });
  }

  #record(hold: HoldRow, kind: LedgerRow['kind'], amount: number, now: number): void {
    this.#append.run({ ...hold, kind, amount, created_at: now, day: utcDay(now) });
  }
}

function windowOf(used: MicroUsd, limit: MicroUsd | undefined, renewsAt: number): LedgerWindow {
  const open = { used, renewsAt: isoTime(renewsAt) };
  return limit === undefined ? open : { ...open, limit, left: used > limit ? NOTHING : microUsd(limit - used) };
}

function dayEnd(now: number): number {
  const date = new Date(now);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() + 1);
}

function monthEnd(now: number): number {
  const date = new Date(now);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}

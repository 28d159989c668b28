import type { Selectable } from 'kysely';
import { type Database, type Statement, slot } from './database.ts';
import type { ObservationRow } from './schema.ts';

/** Something learned about a backend or one of its models while using it. */
export interface Observation {
  /** Its id, with whatever else makes it the one that was observed. */
  readonly backend: string;
  /** A model id, or `*` for the backend itself. */
  readonly subject: string;
  /** `gone`, `deprecated`, `sunset`, … */
  readonly status: string;
  /** Unix milliseconds; absent: until it is cleared. */
  readonly until?: number | undefined;
  readonly note?: string | undefined;
  readonly observedAt: number;
}

export class ObservationRepository {
  readonly #database: Database;
  readonly #ofBackend: Statement<Selectable<ObservationRow>>;

  constructor(database: Database) {
    this.#database = database;
    const rows = database.build.selectFrom('observations').selectAll();
    this.#ofBackend = database.prepare(rows.where('backend', '=', slot<string>('backend')).orderBy('subject'));
  }

  /** Everything known about one backend. */
  of(backend: string): Observation[] {
    return this.#ofBackend.all({ backend }).map(observationOf);
  }

  set({ backend, subject, status, until, note, observedAt }: Observation): void {
    const facts = { status, until: until ?? null, note: note ?? null, observed_at: observedAt };
    const insert = this.#database.build.insertInto('observations').values({ backend, subject, ...facts });
    this.#database.run(insert.onConflict((conflict) => conflict.columns(['backend', 'subject']).doUpdateSet(facts)));
  }

  clear(backend: string, subject: string): void {
    const rows = this.#database.build.deleteFrom('observations').where('backend', '=', backend);
    this.#database.run(rows.where('subject', '=', subject));
  }
}

function observationOf(row: Selectable<ObservationRow>): Observation {
  return {
    backend: row.backend,
    subject: row.subject,
    status: row.status,
    ...(row.until !== null && { until: row.until }),
    ...(row.note !== null && { note: row.note }),
    observedAt: row.observed_at,
  };
}

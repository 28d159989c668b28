import { type RawBuilder, sql } from 'kysely';
import { slot } from './database.ts';

/** A list of any length in one prepared statement: its slot takes a JSON array. */
export function inList<T>(name: string): RawBuilder<T> {
  return sql<T>`(select value from json_each(${slot<string>(name)}))`;
}

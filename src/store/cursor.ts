import { invalid } from '../domain/errors.ts';

/** What is paged; a cursor of one list is refused by another. */
export type CursorKind = 'characters' | 'tasks' | 'storyboards';

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Hand back to get the next page; absent on the last one. */
  readonly nextCursor?: string | undefined;
}

/** The keyset position as opaque text. */
export function encodeCursor(kind: CursorKind, seq: number): string {
  return Buffer.from(`${kind[0]}${seq.toString(36)}`).toString('base64url');
}

/** The position behind a cursor; beyond every row when there is none. Throws `invalid_argument` for one that we did not give. */
export function decodeCursor(kind: CursorKind, cursor: string | undefined): number {
  if (cursor === undefined) return Number.MAX_SAFE_INTEGER;
  const text = cursor.length <= 32 ? Buffer.from(cursor, 'base64url').toString('latin1') : '';
  const seq = Number.parseInt(text.slice(1), 36);
  if (!Number.isSafeInteger(seq) || seq < 1 || encodeCursor(kind, seq) !== cursor) {
    throw invalid(
      'cursor',
      `cursor ${JSON.stringify(cursor.slice(0, 60))} is not one of this list`,
      'Pass next_cursor of the previous answer unchanged, or leave it out to start from the newest.',
    );
  }
  return seq;
}

/** Makes a page of rows that were read with a limit of one more than asked for. */
export function pageOf<Row extends { readonly seq: number }, Item>(
  kind: CursorKind,
  rows: readonly Row[],
  limit: number,
  read: (rows: readonly Row[]) => readonly Item[],
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown.at(-1) : undefined;
  const items = read(shown);
  return last === undefined ? { items } : { items, nextCursor: encodeCursor(kind, last.seq) };
}

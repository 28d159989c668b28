import { join } from 'node:path';
import { sweepParts } from '../store/part-claim.ts';
import type { Core } from './core.ts';
import { joinFilms } from './films.ts';
import { bookLost } from './lost-money.ts';
import { reconcileCharacters } from './reconcile-character.ts';
import { tidySearch } from './tidying.ts';

const CHARACTERS_EVERY_MS = 15_000;
const BOOK_EVERY_MS = 60_000;
const FILMS_EVERY_MS = 1_000;
const SWEEP_EVERY_MS = 10 * 60_000;
const TIDY_EVERY_MS = 10 * 60_000;

/** What the tracker sees to besides tasks, each at its own pace and never twice at once. */
export class Chores {
  readonly #list: readonly { readonly everyMs: number; readonly work: () => Promise<void>; dueAt: number }[];

  constructor(core: Core, signal: AbortSignal) {
    const videos = join(core.store.dataDir, 'videos');
    this.#list = [
      { everyMs: CHARACTERS_EVERY_MS, work: () => reconcileCharacters(core, signal), dueAt: 0 },
      { everyMs: BOOK_EVERY_MS, work: () => bookLost(core), dueAt: 0 },
      { everyMs: FILMS_EVERY_MS, work: () => joinFilms(core, signal), dueAt: 0 },
      { everyMs: TIDY_EVERY_MS, work: () => tidySearch(core, signal), dueAt: 0 },
      { everyMs: SWEEP_EVERY_MS, work: () => sweepParts(videos), dueAt: 0 },
    ];
  }

  /** Begins what is due. The process's own clock counts: nobody sets it. */
  due(): Promise<void>[] {
    const now = performance.now();
    return this.#list
      .filter((chore) => now >= chore.dueAt)
      .map((chore) => {
        chore.dueAt = Number.POSITIVE_INFINITY;
        return chore.work().finally(() => {
          chore.dueAt = performance.now() + chore.everyMs;
        });
      });
  }
}

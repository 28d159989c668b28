import type { NewsItem } from '../store/news.ts';
import type { Core } from './core.ts';
import type { Change } from './services.ts';

const LOOK_EVERY_MS = 1_000;
/** What was written so long before a look may have been committed after it. */
const OVERLAP_MS = 5_000;

/** Tells the listeners of this process what other processes wrote into the same data directory. */
export class Neighbours {
  readonly #core: Core;
  /** What was told, by when it was written. */
  readonly #told = new Map<string, number>();
  #version: number | undefined;
  #lookedAt: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(core: Core) {
    this.#core = core;
    this.#lookedAt = core.clock();
  }

  start(): void {
    this.#look();
    this.#timer ??= setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    try {
      this.#tell();
    } catch (error) {
      this.#core.log(`news of other processes: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #tell(): void {
    const { store, changes, clock } = this.#core;
    const before = this.#version;
    const now = clock();
    // A clock that was set back must not hide what is written from now on.
    const since = Math.min(this.#lookedAt, now) - OVERLAP_MS;
    this.#lookedAt = now;
    this.#version = store.news.version();
    if (this.#version === before) return;
    for (const [key, at] of this.#told) if (at < since) this.#told.delete(key);
    for (const [key, item] of newestOf(store.news.since(since))) {
      const told = this.#told.get(key);
      this.#told.set(key, item.updatedAt);
      // What was there at the first look is no news.
      if (before === undefined || (told !== undefined && told >= item.updatedAt)) continue;
      changes.publish(item.workspace, changeOf(item, told === undefined && item.createdAt >= since));
    }
  }
}

/** A character and its bindings are one thing to hear of. */
function newestOf(items: readonly NewsItem[]): ReadonlyMap<string, NewsItem> {
  const newest = new Map<string, NewsItem>();
  for (const item of items) {
    const key = `${item.kind} ${item.workspace} ${item.name}`;
    if ((newest.get(key)?.updatedAt ?? 0) < item.updatedAt) newest.set(key, item);
  }
  return newest;
}

function changeOf({ kind, name }: NewsItem, isNew: boolean): Change {
  switch (kind) {
    case 'character':
      return { kind: 'catalog', handle: name, listChanged: isNew };
    case 'task':
      return { kind: 'task', taskId: name };
    case 'storyboard':
      return { kind: 'storyboard', storyboardId: name };
    default:
      return kind satisfies never;
  }
}

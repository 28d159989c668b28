import { chmodSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../domain/ids.ts';
import { BindingRepository } from './bindings.ts';
import { CharacterRepository } from './characters.ts';
import { Database } from './database.ts';
import { openDataDir } from './files.ts';
import { Ledger } from './ledger.ts';
import { migrate } from './migrations.ts';
import { News } from './news.ts';
import { ObservationRepository } from './observations.ts';
import { Recall } from './recall.ts';
import { SearchIndex } from './search-index.ts';
import { StoryboardRepository } from './storyboards.ts';
import { TaskRepository } from './tasks.ts';
import { UpstreamRepository } from './upstreams.ts';

export const DATABASE_FILE = 'sora.db';

export interface StoreOptions {
  /** Absolute. Made when it is not there. */
  readonly dataDir: string;
  readonly clock: Clock;
}

/** Everything that is kept between sessions. */
export interface Store {
  readonly dataDir: string;
  readonly characters: CharacterRepository;
  readonly bindings: BindingRepository;
  readonly tasks: TaskRepository;
  readonly ledger: Ledger;
  readonly storyboards: StoryboardRepository;
  readonly observations: ObservationRepository;
  readonly upstreams: UpstreamRepository;
  readonly searchIndex: SearchIndex;
  readonly recall: Recall;
  readonly news: News;
  /** All or nothing, with the write lock from the start. `work` must not await. */
  transaction<T>(work: () => T extends Promise<unknown> ? never : T): T;
  close(): void;
}

/** Throws `store_unavailable` or `store_busy`. */
export function openStore({ dataDir, clock }: StoreOptions): Store {
  openDataDir(dataDir);
  const path = join(dataDir, DATABASE_FILE);
  const database = new Database(path);
  try {
    // Prompts and links are nobody else's business, whatever the umask.
    if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
    migrate(database, clock());
    return storeOn(database, dataDir, clock);
  } catch (error) {
    database.close();
    throw error;
  }
}

/** The repositories over a database that is up to date. */
export function storeOn(database: Database, dataDir: string, clock: Clock): Store {
  const characters = new CharacterRepository(database, clock);
  return {
    dataDir,
    characters,
    bindings: new BindingRepository(database, characters, clock),
    tasks: new TaskRepository(database, clock),
    ledger: new Ledger(database),
    storyboards: new StoryboardRepository(database, clock),
    observations: new ObservationRepository(database),
    upstreams: new UpstreamRepository(database),
    searchIndex: new SearchIndex(database),
    recall: new Recall(database),
    news: new News(database),
    transaction: (work) => database.transaction(work),
    close: () => database.close(),
  };
}

import type { BackendProfile } from '../domain/models.ts';
import type { CharacterService } from './contract/characters.ts';
import type { EstimateService } from './contract/estimates.ts';
import type { StoryboardService } from './contract/storyboards.ts';
import type { TaskService } from './contract/tasks.ts';
import type { VideoService } from './contract/videos.ts';

export type * from './contract/characters.ts';
export type * from './contract/estimates.ts';
export type * from './contract/request.ts';
export type * from './contract/storyboards.ts';
export type * from './contract/tasks.ts';
export type * from './contract/videos.ts';

export interface BackendReport {
  readonly profile: BackendProfile;
  readonly health: 'up' | 'down' | 'gone';
  /** ISO time until which it is left alone. */
  readonly until?: string | undefined;
  readonly reason?: string | undefined;
  /** Models that it says it does not have, each with the ISO time until which that is believed. */
  readonly goneModels?: Readonly<Record<string, string>> | undefined;
}

/** What changed, for notifications. Only listeners of the same workspace hear it. */
export type Change =
  | { readonly kind: 'catalog'; readonly handle: string; readonly listChanged: boolean }
  | { readonly kind: 'task'; readonly taskId: string }
  | { readonly kind: 'storyboard'; readonly storyboardId: string };

/** Everything the server can do for one workspace: the only thing that `mcp/` sees of the inside. */
export interface Services {
  readonly workspace: string;
  readonly characters: CharacterService;
  readonly videos: VideoService;
  readonly tasks: TaskService;
  readonly estimates: EstimateService;
  readonly storyboards: StoryboardService;
  backends(): readonly BackendReport[];
  /** Returns the way to stop listening. */
  onChange(listener: (change: Change) => void): () => void;
}

/** Facts about the installation that instructions and errors need without opening the store. */
export interface ServerFacts {
  readonly version: string;
  readonly sandbox: boolean;
  readonly backendIds: readonly string[];
}

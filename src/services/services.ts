import type { Character } from '../domain/character.ts';
import type { ErrorCode } from '../domain/errors.ts';
import type { BackendProfile } from '../domain/models.ts';
import type { MicroUsd } from '../domain/money.ts';
import type { Task, TaskState } from '../domain/task.ts';
import type { AspectRatio, Priority, Route, Size } from '../domain/video.ts';

/** The caller's side of one request. */
export interface RequestContext {
  /** Aborted when the caller cancels or leaves. A job that was sent goes on. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Asks the person behind the caller for a yes; absent when the caller cannot be asked.
   * `undefined` means that no answer came.
   */
  readonly confirm?: ((question: string) => Promise<boolean | undefined>) | undefined;
}

export interface CreateCharacterInput {
  readonly name: string;
  /** Exactly one of `videoUrl` and `filePath`, unless the handle exists and its kept source is to be used. */
  readonly videoUrl?: string | undefined;
  readonly filePath?: string | undefined;
  readonly description?: string | undefined;
  readonly handle?: string | undefined;
  readonly backend?: string | undefined;
  readonly startSeconds?: number | undefined;
  readonly endSeconds?: number | undefined;
  readonly rightsConfirmed: boolean;
}

export interface ExtractCharacterInput {
  /** Ours or a remote one. */
  readonly taskId: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly handle?: string | undefined;
  readonly rightsConfirmed: boolean;
}

export interface ListCharactersInput {
  readonly query?: string | undefined;
  readonly backend?: string | undefined;
  /** 1 to 100; default 20. */
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
  /** Also asks the backends that can list, and adopts what was not known. */
  readonly refresh?: boolean | undefined;
}

export interface CharacterPage {
  readonly characters: readonly Character[];
  readonly nextCursor?: string | undefined;
  /** What a refresh could not do, in short sentences. */
  readonly notes: readonly string[];
}

export interface CharacterService {
  create(input: CreateCharacterInput, context?: RequestContext): Promise<Character>;
  extract(input: ExtractCharacterInput, context?: RequestContext): Promise<Character>;
  list(input: ListCharactersInput, context?: RequestContext): Promise<CharacterPage>;
  /** By handle (with or without `@`), our id or a remote id. Throws `not_found` with the nearest handles. */
  find(reference: string): Character;
  /** Handles that start with or contain `text`, at most `limit`. */
  complete(text: string, limit: number): readonly string[];
}

export interface GenerateInput {
  readonly prompt: string;
  /** Handles, our ids or remote ids; the same as mentioning them. */
  readonly characters?: readonly string[] | undefined;
  readonly duration?: number | undefined;
  readonly size?: string | undefined;
  readonly aspectRatio?: AspectRatio | undefined;
  readonly model?: string | undefined;
  readonly priority?: Priority | undefined;
  readonly backend?: string | undefined;
  /** URL or file path. */
  readonly referenceImage?: string | undefined;
  readonly referenceVideo?: string | undefined;
  readonly influenceStrength?: number | undefined;
  readonly maxCostUsd?: number | undefined;
  readonly idempotencyKey?: string | undefined;
  /** The token of an earlier `confirmation_required`, valid for that request and price only. */
  readonly confirm?: string | undefined;
}

export interface ReviseInput {
  readonly taskId: string;
  readonly mode: 'remix' | 'edit' | 'extend';
  readonly prompt: string;
  readonly seconds?: number | undefined;
  readonly maxCostUsd?: number | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly confirm?: string | undefined;
}

/** A task, and when to look again. */
export interface TaskReport {
  readonly task: Task;
  /** Absent when nothing more is to come. */
  readonly nextPollSeconds?: number | undefined;
  /** How old the upstream's last word is, in seconds; present when it is older than it should be. */
  readonly staleSeconds?: number | undefined;
  /** Ids of tasks made from this one. */
  readonly children?: readonly string[] | undefined;
}

export interface VideoService {
  generate(input: GenerateInput, context?: RequestContext): Promise<TaskReport>;
  revise(input: ReviseInput, context?: RequestContext): Promise<TaskReport>;
}

export interface WaitOptions {
  /** 0 to 45; default 0. */
  readonly waitSeconds?: number | undefined;
  readonly onProgress?: ((report: TaskReport) => void) | undefined;
}

export interface ListTasksInput {
  readonly status?: TaskState | undefined;
  /** 1 to 100; default 10. */
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

export interface TaskPage {
  readonly tasks: readonly TaskReport[];
  readonly nextCursor?: string | undefined;
}

/** One scene as the caller gives it. */
export interface SceneInput {
  /** Of an existing storyboard: the present number of the scene that is kept or changed, from 1. Absent: a new scene. */
  readonly scene?: number | undefined;
  /** Required for a new scene. */
  readonly prompt?: string | undefined;
  /** Besides the storyboard's own characters. */
  readonly characters?: readonly string[] | undefined;
  readonly duration?: number | undefined;
  readonly size?: string | undefined;
  /** Makes it again although nothing changed. */
  readonly redo?: boolean | undefined;
}

export interface MakeStoryboardInput {
  /** Changes this one; absent: makes a new one. */
  readonly storyboardId?: string | undefined;
  /** Required for a new one. */
  readonly title?: string | undefined;
  /** The whole list in order: what is left out is dropped. Absent: the scenes stay as they are. */
  readonly scenes?: readonly SceneInput[] | undefined;
  /** In every scene. */
  readonly characters?: readonly string[] | undefined;
  /** A sentence added to each scene's prompt. */
  readonly style?: string | undefined;
  readonly priority?: Priority | undefined;
  /** For all scenes that this call makes. */
  readonly maxCostUsd?: number | undefined;
  /** The whole quote and routing; nothing is sent or stored. */
  readonly dryRun?: boolean | undefined;
  /** Makes the first scenes that the budget covers instead of none. */
  readonly partial?: boolean | undefined;
  readonly confirm?: string | undefined;
}

/** `planned`: in a dry run, or not covered by the budget. */
export type SceneStatus = TaskState | 'planned';

export interface SceneReport {
  /** From 1. */
  readonly scene: number;
  readonly prompt: string;
  readonly status: SceneStatus;
  /** Absent while it is only planned. */
  readonly task?: Task | undefined;
  /** A revision under way, or done and in the film. */
  readonly revisedBy?: string | undefined;
  readonly backend?: string | undefined;
  readonly seconds?: number | undefined;
  /** What it costs, or did. */
  readonly cost?: MicroUsd | undefined;
  readonly reasons?: readonly string[] | undefined;
}

export interface StoryboardReport {
  /** Absent in a dry run of a new one. */
  readonly id?: string | undefined;
  readonly title: string;
  /** `attention`: a scene failed, or the clips cannot be joined. */
  readonly status: 'planned' | 'making' | 'attention' | 'completed';
  readonly scenes: readonly SceneReport[];
  /** Of all scenes, as far as known. */
  readonly cost: MicroUsd;
  /** Of the scenes that this call makes or would make. */
  readonly newCost?: MicroUsd | undefined;
  readonly filmPath?: string | undefined;
  readonly filmError?: string | undefined;
  readonly notes: readonly string[];
  readonly nextPollSeconds?: number | undefined;
}

export interface StoryboardService {
  make(input: MakeStoryboardInput, context?: RequestContext): Promise<StoryboardReport>;
  /** Throws `not_found` with the latest storyboards. */
  get(id: string, wait?: BoardWaitOptions, context?: RequestContext): Promise<StoryboardReport>;
  list(
    limit: number,
    cursor?: string,
  ): { readonly storyboards: readonly StoryboardReport[]; readonly nextCursor?: string | undefined };
  /** Whether an id is a storyboard's, by its form. */
  isStoryboardId(id: string): boolean;
}

export interface BoardWaitOptions {
  /** 0 to 45; default 0. */
  readonly waitSeconds?: number | undefined;
  readonly onProgress?: ((report: StoryboardReport) => void) | undefined;
}

export interface TaskService {
  /** By our id or a remote id. Throws `not_found` with the latest tasks. */
  get(reference: string, wait?: WaitOptions, context?: RequestContext): Promise<TaskReport>;
  list(input: ListTasksInput): TaskPage;
  /** A small picture of a finished task, at most 60 KB; undefined when the upstream has none. */
  still(reference: string, context?: RequestContext): Promise<Still | undefined>;
}

export interface Still {
  readonly mimeType: string;
  readonly data: Uint8Array;
}

export interface EstimateInput {
  /** Seconds, priced as asked. */
  readonly duration: number;
  /** Videos a month. Default 1. */
  readonly count?: number | undefined;
  readonly model?: string | undefined;
  readonly size?: string | undefined;
  readonly withCharacter?: boolean | undefined;
}

export interface Quote {
  readonly backend: string;
  readonly route: Route;
  readonly model: string;
  /** The class of sizes the rate holds for, e.g. `720p`; absent when it holds for all. */
  readonly sizeClass?: string | undefined;
  /** Absent when the price is unknown. */
  readonly perVideo?: MicroUsd | undefined;
  readonly source: string;
  readonly asOf?: string | undefined;
  readonly confidence: 'exact' | 'estimated' | 'unknown';
  /** The lengths this backend makes, when the one asked for is not among them. */
  readonly makesSeconds?: readonly number[] | undefined;
  /** False for a well-known upstream that is shown for comparison in the sandbox. */
  readonly configured: boolean;
  /** Short remarks: "cannot keep a character", "retired on …". */
  readonly notes: readonly string[];
}

export interface Estimate {
  readonly count: number;
  readonly quotes: readonly Quote[];
  /** Absent when no configured backend can do it. */
  readonly recommended?: { readonly backend: string; readonly why: string } | undefined;
  readonly spend: SpendSummary;
}

export interface SpendWindow {
  /** Settled plus reserved. */
  readonly used: MicroUsd;
  /** Absent: no limit is set. */
  readonly limit?: MicroUsd | undefined;
  readonly left?: MicroUsd | undefined;
  /** ISO time at which the window starts anew. */
  readonly renewsAt: string;
}

export interface SpendSummary {
  readonly day: SpendWindow;
  readonly month: SpendWindow;
  readonly maxPerVideo?: MicroUsd | undefined;
  /** Outstanding reservations. */
  readonly reserved: MicroUsd;
}

export interface SpendRow {
  /** UTC day. */
  readonly day: string;
  readonly backend: string;
  readonly project: string;
  readonly videos: number;
  readonly spent: MicroUsd;
}

export interface EstimateService {
  estimate(input: EstimateInput): Estimate;
  spend(): { readonly summary: SpendSummary; readonly rows: readonly SpendRow[] };
}

export interface BackendReport {
  readonly profile: BackendProfile;
  readonly health: 'up' | 'down' | 'gone';
  /** ISO time until which it is left alone. */
  readonly until?: string | undefined;
  readonly reason?: string | undefined;
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

export type { ErrorCode, Size };

import type { MicroUsd } from '../../domain/money.ts';
import type { Task, TaskState } from '../../domain/task.ts';
import type { Priority, Size } from '../../domain/video.ts';
import type { RequestContext } from './request.ts';

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
  /** A repeat of a call that was carried out answers with its storyboard, and makes nothing. */
  readonly idempotencyKey?: string | undefined;
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
  /** A revision that is not in its place yet: under way, or failed. One that is done is the `task` itself. */
  readonly revision?: Task | undefined;
  /** Why it, or its revision, was not sent yet. */
  readonly waiting?: string | undefined;
  readonly backend?: string | undefined;
  /** Of what is only planned. */
  readonly model?: string | undefined;
  /** How long it lasts. */
  readonly seconds?: number | undefined;
  /** Of what is only planned. */
  readonly size?: Size | undefined;
  /** What it costs, or did. */
  readonly cost?: MicroUsd | undefined;
  readonly reasons?: readonly string[] | undefined;
}

export interface StoryboardReport {
  /** Absent in a dry run of a new one. */
  readonly id?: string | undefined;
  readonly title: string;
  readonly style?: string | undefined;
  /** `attention`: a scene failed or was left out, or the clips cannot be joined. */
  readonly status: 'planned' | 'making' | 'attention' | 'completed';
  readonly scenes: readonly SceneReport[];
  /** Of everything that was made for it so far, or would be, as far as known. */
  readonly cost: MicroUsd;
  /** Of the scenes that this call makes or would make. */
  readonly newCost?: MicroUsd | undefined;
  /** Of a dry run: the same call without it would be refused, for the reason in the notes. */
  readonly refused?: boolean | undefined;
  readonly filmPath?: string | undefined;
  readonly filmError?: string | undefined;
  readonly notes: readonly string[];
  readonly nextPollSeconds?: number | undefined;
  /** Unix milliseconds; absent while it is only planned. */
  readonly createdAt?: number | undefined;
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
  /** The id of the storyboard that a task was made for. */
  ofTask(taskId: string): string | undefined;
}

export interface BoardWaitOptions {
  /** 0 to 45; default 0. */
  readonly waitSeconds?: number | undefined;
  readonly onProgress?: ((report: StoryboardReport) => void) | undefined;
}

import type { Charged, ErrorCode } from './errors.ts';
import type { MicroUsd } from './money.ts';
import type { AspectRatio, Priority, Route, Size } from './video.ts';

/**
 * The life of one generation job.
 * `reserved`: the intent is written, nothing was sent. `submitting`: the create may have left.
 * `unknown`: the answer to a paid create was lost; it is reconciled and never shown as failed or done.
 */
export const TASK_STATES = [
  'reserved',
  'submitting',
  'queued',
  'in_progress',
  'completed',
  'failed',
  'expired',
  'unknown',
] as const;
export type TaskState = (typeof TASK_STATES)[number];

const NEXT: { readonly [state in TaskState]: readonly TaskState[] } = {
  // It may be about to be sent anew when the answer of an earlier send comes after all.
  reserved: ['submitting', 'failed', 'queued', 'in_progress', 'completed'],
  submitting: ['reserved', 'queued', 'in_progress', 'completed', 'failed', 'expired', 'unknown'],
  queued: ['in_progress', 'completed', 'failed', 'expired'],
  in_progress: ['queued', 'completed', 'failed', 'expired'],
  unknown: ['queued', 'in_progress', 'completed', 'failed', 'expired'],
  completed: ['expired'],
  // One that was never taken may be sent anew, under its idempotency key; one that was given up as never taken may yet
  // turn up: the money is real, so the job is too.
  failed: ['reserved', 'queued', 'in_progress', 'completed'],
  // A link that lapsed upstream may be found again.
  expired: ['completed'],
};

export function canMove(from: TaskState, to: TaskState): boolean {
  return from === to || NEXT[from].includes(to);
}

/** No further news will come of these by themselves. */
export function isFinal(state: TaskState): boolean {
  return state === 'completed' || state === 'failed' || state === 'expired';
}

/** What kind of create made the task; all but `video` have a parent. */
export const TASK_KINDS = ['video', 'remix', 'edit', 'extend'] as const;
export type TaskKind = (typeof TASK_KINDS)[number];

/** The request as it was decided: what was asked for, after defaults and rounding, before it takes a backend's accent. */
export interface VideoRequest {
  /** As the user wrote it, mentions included. */
  readonly prompt: string;
  /** Our ids of the characters that appear, in order of first mention. */
  readonly characterIds: readonly string[];
  /** Seconds asked for; the backend's own length may be longer. Absent: the backend's default. */
  readonly seconds?: number | undefined;
  readonly size?: Size | undefined;
  /** The shape wanted, where no size is. */
  readonly aspectRatio?: AspectRatio | undefined;
  readonly model?: string | undefined;
  readonly priority: Priority;
  /** Pins the choice to one backend id. */
  readonly backend?: string | undefined;
  /** URL or absolute path of a first-frame image. */
  readonly referenceImage?: string | undefined;
  /** URL of a video whose look is to be kept. */
  readonly referenceVideo?: string | undefined;
  /** 0 to 1. */
  readonly influenceStrength?: number | undefined;
}

export interface TaskError {
  readonly code: ErrorCode;
  /** The upstream's own words, cleaned and capped. */
  readonly message: string;
  readonly hint?: string | undefined;
  readonly retryable: boolean;
  readonly charged: Charged;
}

/** Where the finished video's bytes are on their way to the data directory. */
export type SaveState = 'none' | 'pending' | 'saved' | 'failed';

export interface Task {
  /** Ours: `task_` and 20 characters. */
  readonly id: string;
  readonly workspace: string;
  readonly kind: TaskKind;
  readonly parentId?: string | undefined;
  readonly storyboardId?: string | undefined;
  readonly state: TaskState;
  readonly backend: string;
  readonly route: Route;
  readonly model: string;
  /** Whole seconds that the backend was asked for (and is paid for). */
  readonly seconds: number;
  readonly size?: Size | undefined;
  readonly request: VideoRequest;
  /** The prompt as it was sent, mentions translated. */
  readonly sentPrompt: string;
  /** SHA-256 over the request: the same request has the same fingerprint. */
  readonly fingerprint: string;
  readonly idempotencyKey?: string | undefined;
  /** Sent as `Idempotency-Key` with the create. */
  readonly sendKey: string;
  readonly remoteId?: string | undefined;
  /** 0 to 100. */
  readonly progress: number;
  /** Why this backend, in short sentences. */
  readonly reasons: readonly string[];
  /** Absent when the price is unknown. */
  readonly quoted?: MicroUsd | undefined;
  /** Settled amount; absent until settled. */
  readonly spent?: MicroUsd | undefined;
  readonly charged: Charged;
  readonly error?: TaskError | undefined;
  readonly videoUrl?: string | undefined;
  readonly videoUrlExpiresAt?: number | undefined;
  /** Absolute path of the saved file. */
  readonly filePath?: string | undefined;
  readonly fileBytes?: number | undefined;
  readonly saveState: SaveState;
  readonly saveAttempts: number;
  /** Why the last save did not work; a save is tried again later unless `saveState` is `failed`. */
  readonly saveError?: string | undefined;
  readonly stillPath?: string | undefined;
  /** Set while the task waits for its turn: the tracker sends it at or after this time. Absent on a task sent at once. */
  readonly sendAfter?: number | undefined;
  /** All times are unix milliseconds. */
  readonly createdAt: number;
  readonly submittedAt?: number | undefined;
  readonly completedAt?: number | undefined;
  readonly updatedAt: number;
  /** When the upstream last said anything about it. */
  readonly heardAt?: number | undefined;
  readonly nextPollAt?: number | undefined;
  /** The upstream asked not to be asked before. */
  readonly pollNotBefore?: number | undefined;
  readonly polls: number;
  /** Consecutive polls that gave no answer; of a completed task: so often in a row its upstream had it no more. */
  readonly pollFailures: number;
  readonly leaseOwner?: string | undefined;
  readonly leaseUntil?: number | undefined;
}

import type { Character } from '../domain/character.ts';
import type { ErrorCode } from '../domain/errors.ts';
import type { BackendHealth } from '../domain/health.ts';
import type { BackendProfile } from '../domain/models.ts';
import type { MicroUsd } from '../domain/money.ts';
import type { AspectRatio, Priority, Route, Size } from '../domain/video.ts';

/** The facts of a request that decide where it can be made. */
export interface RouteRequest {
  readonly characters: readonly Character[];
  /** Absent: the backend's default. */
  readonly seconds?: number | undefined;
  readonly size?: Size | undefined;
  /** Used when no size is given: each backend's own size of that shape. */
  readonly aspectRatio?: AspectRatio | undefined;
  readonly model?: string | undefined;
  readonly priority: Priority;
  /** Pins the choice to one backend id. */
  readonly backend?: string | undefined;
  readonly referenceImage?: boolean | undefined;
  /** The caller gave a reference video of its own. */
  readonly referenceVideo?: boolean | undefined;
  /** An influence strength is given. */
  readonly influence?: boolean | undefined;
  /** By character id: a URL of its source video, where that is not the source itself (a finished task's link). */
  readonly sourceUrls?: Readonly<Record<string, string>> | undefined;
}

export interface Candidate {
  readonly profile: BackendProfile;
  readonly health: BackendHealth;
}

/**
 * How the characters get into the video. `bound`: by their ids on that backend.
 * `reference_video`: the one character's source video stands in for it.
 */
export type CharacterMode = 'none' | 'bound' | 'reference_video';

export interface Choice {
  readonly backend: string;
  readonly route: Route;
  readonly model: string;
  /** A length that the model makes, at least as long as asked. */
  readonly seconds: number;
  /** Absent: the backend decides. */
  readonly size?: Size | undefined;
  /** Absent when the price is unknown. */
  readonly quote?: MicroUsd | undefined;
  readonly characterMode: CharacterMode;
  /** A size or shape is wanted, and the backend cannot be told it. */
  readonly sizeIgnored?: boolean | undefined;
  /** The URL to send as reference video, with `reference_video` only. */
  readonly characterVideoUrl?: string | undefined;
  /** Short sentences for a person. */
  readonly reasons: readonly string[];
}

export interface Refusal {
  readonly backend: string;
  readonly code: ErrorCode;
  /** A short sentence: what it lacks, and what it has instead. */
  readonly reason: string;
  /** The argument at fault. */
  readonly field?: string | undefined;
  readonly hint?: string | undefined;
  /** Unix milliseconds at which it is tried again; of refusals for its health. */
  readonly until?: number | undefined;
  /** It could make the video, were it not for its health. */
  readonly able?: boolean | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

export interface Decision {
  /** The best first; never empty. The others are for fail-over before a job exists. */
  readonly choices: readonly Choice[];
  readonly refused: readonly Refusal[];
}

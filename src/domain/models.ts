import type { AspectRatio, Route, Size } from './video.ts';

/** `retired` models are refused locally; `unknown` ones are sent and found out. */
export const MODEL_STATUSES = ['active', 'retired', 'unknown'] as const;
export type ModelStatus = (typeof MODEL_STATUSES)[number];

/** A price as data. One pricing function reads it, for the quote, the reservation and the settlement alike. */
export interface Rate {
  readonly model: string;
  /** The sizes it holds for, by their shorter side in pixels; absent: every size. */
  readonly shortSides?: readonly number[] | undefined;
  readonly unit: 'second' | 'video';
  /** US dollars a unit. */
  readonly usd: number;
  /** Where the figure comes from, in a few words. */
  readonly source: string;
  /** ISO date on which the source said so. */
  readonly asOf: string;
  /** `exact`: the seller's own list. `estimated`: somebody's report of it. */
  readonly confidence: 'exact' | 'estimated';
}

/** What a backend makes under one model name. */
export interface ModelOffer {
  readonly id: string;
  readonly status: ModelStatus;
  /** ISO date from which it is retired. */
  readonly retiredOn?: string | undefined;
  /** What to use instead of a retired one. */
  readonly replacement?: string | undefined;
  /** The sizes it makes; empty: any. */
  readonly sizes: readonly Size[];
  /** The lengths it makes, in seconds, ascending; empty: any. */
  readonly seconds: readonly number[];
  readonly source?: string | undefined;
}

/** What a backend can do. Every flag's default is `false` or "no such limit". */
export interface Capabilities {
  /** Makes a character from a video. */
  readonly createCharacter: boolean;
  /** Makes a character from one of its own finished jobs. */
  readonly extractCharacter: boolean;
  /** Can list the characters it has. */
  readonly listCharacters: boolean;
  /** At most so many characters in one video; 0: characters are not understood. */
  readonly maxCharacters: number;
  /** Understands `reference_video` and `influence_strength`. */
  readonly referenceVideo: boolean;
  /** A part of the reference video can be named; else all of it is used. */
  readonly referenceRange?: boolean | undefined;
  readonly referenceImage: boolean;
  /** What its protocol has a field for: pixels, a shape only, or neither, so that it chooses. Default `size`. */
  readonly sizing?: 'size' | 'shape' | 'none' | undefined;
  readonly remix: boolean;
  readonly edit: boolean;
  readonly extend: boolean;
  /** Can list jobs, so that many are followed by one call and a lost create can be looked for. */
  readonly listVideos: boolean;
  readonly deleteVideo: boolean;
  readonly thumbnail: boolean;
  readonly spritesheet: boolean;
  /** Seconds that a character's source clip may last, `[min, max]`; absent: not known. */
  readonly characterClipSeconds?: readonly [number, number] | undefined;
  /** Pixels that the shorter side of that clip may have, `[min, max]`; absent: not known. */
  readonly characterClipSides?: readonly [number, number] | undefined;
  /** The shapes that clip may have; absent: not known. */
  readonly characterClipRatios?: readonly AspectRatio[] | undefined;
  /** A part of the clip can be named; else all of it is used. */
  readonly characterRange?: boolean | undefined;
  /** Characters are made from an uploaded file, not from a URL that the upstream fetches. */
  readonly characterUpload: boolean;
  /** A clip that is given by its address is fetched by us and uploaded. */
  readonly characterFetch?: boolean | undefined;
}

export interface BackendLimits {
  /** Creates a minute; absent: not limited here. */
  readonly createsPerMinute?: number | undefined;
  /** All other calls a minute. */
  readonly readsPerMinute?: number | undefined;
  /** Unfinished jobs at one time. */
  readonly concurrentJobs?: number | undefined;
  /** No poll of one job sooner than this after the last, in milliseconds. */
  readonly minPollMs: number;
  /** What is to lie between polls of one job on average, in milliseconds; absent: as `minPollMs`. */
  readonly meanPollMs?: number | undefined;
  /** How long a job takes by hearsay, in milliseconds; what counts until jobs were made here. Absent: some minutes. */
  readonly usualJobMs?: number | undefined;
  /** How long a finished video's link lives, in seconds; absent: not known. */
  readonly linkLifetimeSeconds?: number | undefined;
  /** How often a video can be extended; absent: not limited here. */
  readonly extensions?: number | undefined;
  /** How long a video may become by that, in seconds; absent: not limited here. */
  readonly extendedSeconds?: number | undefined;
}

/** The facts about one configured backend that need no network: what routing, pricing and `sora://backends` read. */
export interface BackendProfile {
  readonly id: string;
  readonly route: Route;
  /** The dialect's name; `inline` for one described in the configuration file. */
  readonly dialect: string;
  /** Scheme, host and port only. */
  readonly origin: string;
  /** An embedded or local stand-in whose clips cost nothing. */
  readonly sandbox: boolean;
  /** No vendor stands behind the protocol it speaks. */
  readonly unofficial: boolean;
  readonly capabilities: Capabilities;
  readonly models: readonly ModelOffer[];
  readonly defaultModel: string;
  readonly defaultSeconds: number;
  readonly defaultSize?: Size | undefined;
  readonly rates: readonly Rate[];
  /** Dollars for making one character; absent: unknown. */
  readonly characterUsd?: number | undefined;
  readonly limits: BackendLimits;
  /** Preferred over others at the same price: higher first. Default 1. */
  readonly weight: number;
  /** ISO date since which the service at this address is known to have ended, with what to configure instead. */
  readonly retired?: { readonly on: string; readonly instead: string } | undefined;
}

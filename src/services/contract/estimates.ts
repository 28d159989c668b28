import type { MicroUsd } from '../../domain/money.ts';
import type { Route } from '../../domain/video.ts';

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

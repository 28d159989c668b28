import type { Clock } from '../domain/ids.ts';

/** The way of speaking that a job or a character was made in; none of them sees another's. */
export type Accent = 'forwarding' | 'seed' | 'sora-v1' | 'unified-v2';
export type JobKind = 'video' | 'remix' | 'edit' | 'extend';

/** One generation job as it is stored. Nothing in it changes with time: `phaseOf` reads its state off the clock. */
export interface Job {
  /** Counts from 1 in the order of creation. */
  readonly seq: number;
  readonly id: string;
  readonly accent: Accent;
  readonly kind: JobKind;
  readonly model: string;
  readonly prompt: string;
  readonly seconds: number;
  /** `WIDTHxHEIGHT`. */
  readonly size: string;
  /** Ids of the characters that appear. */
  readonly characterIds: readonly string[];
  readonly parentId?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  /** Unix milliseconds. */
  readonly createdAt: number;
  /** Milliseconds from creation to completion. */
  readonly runMs: number;
  /** Present when the job is to fail, at two thirds of its time. */
  readonly failure?: JobFailure | undefined;
}

export interface JobFailure {
  readonly code: string;
  readonly message: string;
}

export interface SandboxCharacter {
  readonly id: string;
  readonly accent: Accent;
  readonly name: string;
  readonly description: string;
  /** The URL, file name or job it was made from. */
  readonly source: string;
  /** `sora-v1` only: what a prompt mentions. */
  readonly username?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  /** Unix milliseconds. */
  readonly createdAt: number;
}

export type JobStatus = 'queued' | 'in_progress' | 'completed' | 'failed';

export interface Phase {
  readonly status: JobStatus;
  /** 0 to 100. */
  readonly progress: number;
  /** Unix milliseconds; only when it has ended. */
  readonly endedAt?: number;
}

const QUEUED_SHARE = 0.15;
const FAILURE_SHARE = 0.66;

export function phaseOf(job: Job, clock: Clock): Phase {
  const age = clock() - job.createdAt;
  const share = job.runMs <= 0 ? 1 : age / job.runMs;
  const progress = Math.max(0, Math.min(99, Math.floor((100 * (share - QUEUED_SHARE)) / (1 - QUEUED_SHARE))));
  if (job.failure && share >= FAILURE_SHARE) {
    return { status: 'failed', progress, endedAt: job.createdAt + Math.round(job.runMs * FAILURE_SHARE) };
  }
  if (share >= 1) return { status: 'completed', progress: 100, endedAt: job.createdAt + job.runMs };
  return share < QUEUED_SHARE ? { status: 'queued', progress: 0 } : { status: 'in_progress', progress };
}

export const MODERATION: JobFailure = {
  code: 'moderation_blocked',
  message: 'Your request was blocked by our moderation system. (Sandbox: a failure was asked for.)',
};

/** The failure that a prompt asks for, for demos: `[fail]` always, `[fail-once]` for the first job with that prompt. */
export function failureAskedFor(prompt: string, seenBefore: boolean): JobFailure | undefined {
  if (prompt.includes('[fail]')) return MODERATION;
  return prompt.includes('[fail-once]') && !seenBefore ? MODERATION : undefined;
}

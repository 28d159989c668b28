/** The facts that decide when a running job is looked at again. Times are milliseconds. */
export interface PollFacts {
  readonly now: number;
  readonly submittedAt: number;
  /** When it was last asked about; absent: just now. */
  readonly lastPollAt?: number | undefined;
  /** The upstream's advice (`openai-poll-after-ms`). Nothing is asked sooner. */
  readonly hintMs?: number | undefined;
  /** `Retry-After`. Nothing is asked sooner. */
  readonly retryAfterMs?: number | undefined;
  /** The dialect's floor between two polls of one job. */
  readonly minPollMs: number;
  /** What is to lie between polls of one job on average: a closer one must have been saved up by wider gaps. Default `minPollMs`. */
  readonly meanPollMs?: number | undefined;
  /** How often it was asked about. */
  readonly polls: number;
  /** How long such jobs take by hearsay; what counts until there is a history. Default 130 s. */
  readonly usualMs?: number | undefined;
  /** How long such jobs took before. May be empty. */
  readonly history: readonly number[];
  /** Other jobs that run there now. Beside many of them the history lacks the long ones, which have not ended yet. */
  readonly running: number;
  /** Consecutive polls that gave no answer. */
  readonly failures: number;
  /** One call tells of all the backend's jobs. */
  readonly listing: boolean;
  /** A caller waits for it just now. */
  readonly awaited: boolean;
}

/**
 * How many polls a second of lateness is worth. Where completion has the hazard h (a second), polls at the density
 * sqrt(worth * h / 2) make the sum of polls and lateness least: sparse while an end is improbable, dense where it is due.
 */
const POLLS_PER_LATE_SECOND = 2.9;
/** Calls that are due for other jobs tell of a listed one too, so its own may be fewer. */
const LISTED_POLLS_PER_LATE_SECOND = 2.7;
/** While somebody waits, lateness is dearer. */
const AWAITED_WORTH = 4;
/** Where nothing is known of such jobs, one who waits is served by looks at growing intervals. */
const KNOWN_FROM = 3;
const LEAST_CURIOUS_GAP_MS = 3_000;
const CURIOUS_SHARE = 1 / 8;
/** Jobs that never end. This share is why polling gives up on a late job little by little. */
const STUCK = 0.03;
/** Before there is history: half of the jobs are done after this, two thirds of them between half and twice of it. */
const USUAL_MS = 130_000;
const PRIOR_SPREAD = 0.7;
/** The prior counts as so many jobs. */
const PRIOR_WEIGHT = 8;
/** More jobs than this say no more. */
const HISTORY_WEIGHT = 60;
/** A history is summed up by so many of its quantiles, so that its length costs nothing. */
const KERNELS = 16;
const NARROWEST = 0.08;

const FIRST_GAP_LIMIT_MS = 45_000;
const GAP_LIMIT_MS = 5 * 60_000;
const GAP_LIMIT_SHARE = 1 / 4;
/** An upstream that asks for more is not believed. */
const ADVICE_LIMIT_MS = 15 * 60_000;

/** Milliseconds from `now` to the next poll of a job that is not finished. */
export function nextPoll(facts: PollFacts): number {
  const { now, failures } = facts;
  const elapsed = Math.max(0, now - facts.submittedAt);
  const mean = Math.max(facts.minPollMs, facts.meanPollMs ?? 0);
  const minPollMs = isSaved(elapsed, facts) ? facts.minPollMs : mean;
  const limit = Math.min(GAP_LIMIT_MS, Math.max(FIRST_GAP_LIMIT_MS, elapsed * GAP_LIMIT_SHARE));
  const due = Math.min(limit, gap(elapsed, limit, facts), curiosity(elapsed, facts));
  const sinceLast = facts.lastPollAt === undefined ? 0 : Math.max(0, now - facts.lastPollAt);
  const advice = Math.max(facts.hintMs ?? 0, facts.retryAfterMs ?? 0);
  const backoff = failures > 0 ? Math.min(GAP_LIMIT_MS, Math.max(1_000, mean) * 2 ** Math.min(failures, 12)) : 0;
  return Math.round(Math.max(due, minPollMs - sinceLast, backoff, Math.min(advice, ADVICE_LIMIT_MS)));
}

/** Whether a poll may be as close as the floor allows. */
function isSaved(elapsed: number, { meanPollMs = 0, polls, listing }: PollFacts): boolean {
  // A list is one call for all jobs: apart as far as the floor, it asks no more than two jobs by themselves would.
  return listing || polls * meanPollMs <= elapsed;
}

function curiosity(elapsed: number, { awaited, usualMs, history }: PollFacts): number {
  const known = usualMs !== undefined || history.length >= KNOWN_FROM;
  return awaited && !known ? Math.max(LEAST_CURIOUS_GAP_MS, elapsed * CURIOUS_SHARE) : Number.POSITIVE_INFINITY;
}

/** A bump of probability over the logarithm of the seconds that a job takes. */
interface Kernel {
  readonly center: number;
  readonly width: number;
}

/** How far ahead the density of polls adds up to one. */
function gap(elapsed: number, limit: number, facts: PollFacts): number {
  const { history, running, listing, awaited, usualMs } = facts;
  const prior = { center: Math.log((usualMs ?? USUAL_MS) / 1_000), width: PRIOR_SPREAD };
  const durations = history.filter((ms) => ms > 0);
  const kernels = kernelsOf(durations);
  const historyWeight = weightOf(durations.length, running);
  const worth = (listing ? LISTED_POLLS_PER_LATE_SECOND : POLLS_PER_LATE_SECOND) * (awaited ? AWAITED_WORTH : 1);
  const start = elapsed / 1_000;
  const end = start + limit / 1_000;
  let polls = 0;
  let at = start;
  while (at < end) {
    const step = Math.min(end - at, Math.max(0.2, at / 25));
    const density = Math.sqrt((worth * hazard(at + step / 2, prior, kernels, historyWeight)) / 2);
    if (polls + density * step >= 1) return (at + (1 - polls) / density - start) * 1_000;
    polls += density * step;
    at += step;
  }
  return limit;
}

/**
 * What the history counts for, in jobs. In a burst those that ended are the short ones (the others are censored): taken
 * for all, they have every job polled as if it were about to end. So they count for their share of all that were sent.
 */
function weightOf(ended: number, running: number): number {
  return ended === 0 ? 0 : (Math.min(ended, HISTORY_WEIGHT) * ended) / (ended + Math.max(0, running));
}

/** The rate, a second, at which a job that still runs after `seconds` ends. */
function hazard(seconds: number, prior: Kernel, kernels: readonly Kernel[], historyWeight: number): number {
  const log = Math.log(seconds);
  const total = PRIOR_WEIGHT + historyWeight;
  const each = kernels.length === 0 ? 0 : historyWeight / kernels.length;
  let density = PRIOR_WEIGHT * normalDensity(log, prior);
  let running = PRIOR_WEIGHT * normalTail(log, prior);
  for (const kernel of kernels) {
    density += each * normalDensity(log, kernel);
    running += each * normalTail(log, kernel);
  }
  const alive = STUCK + ((1 - STUCK) * running) / total;
  return ((1 - STUCK) * density) / total / seconds / alive;
}

function kernelsOf(history: readonly number[]): Kernel[] {
  const logs = history.map((ms) => Math.log(ms / 1_000)).sort((a, b) => a - b);
  if (logs.length === 0) return [];
  const mean = logs.reduce((total, log) => total + log, 0) / logs.length;
  const spread = Math.sqrt(logs.reduce((total, log) => total + (log - mean) ** 2, 0) / logs.length);
  // Silverman's rule; one or two jobs say little about the spread.
  const width = Math.max(NARROWEST, logs.length < 3 ? 0.3 : 1.06 * spread * logs.length ** -0.2);
  if (logs.length <= KERNELS) return logs.map((center) => ({ center, width }));
  return Array.from({ length: KERNELS }, (_, index) => ({
    center: logs[Math.floor(((index + 0.5) / KERNELS) * logs.length)]!,
    width,
  }));
}

function normalDensity(log: number, { center, width }: Kernel): number {
  const z = (log - center) / width;
  return Math.exp((-z * z) / 2) / (width * 2.5066282746310002);
}

/** The share of a normal distribution above `log` (Zelen and Severo's approximation, good to 1e-7). */
function normalTail(log: number, { center, width }: Kernel): number {
  const z = (log - center) / width;
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const poly = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp((-z * z) / 2) / 2.5066282746310002) * poly;
  return z >= 0 ? tail : 1 - tail;
}

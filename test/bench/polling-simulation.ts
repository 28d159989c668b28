import { nextPoll } from '../../src/routing/polling.ts';

/** One simulated job: when it is sent, and how long it takes; `Infinity` for one that is stuck for ever. */
export interface Job {
  readonly sentAt: number;
  readonly takesMs: number;
}

export interface Tally {
  readonly requests: number;
  /** Requests spent on jobs that do end. */
  readonly requestsOnDone: number;
  /** Median and 90th percentile of seconds between a completion and the poll that sees it. */
  readonly lateMedian: number;
  readonly lateP90: number;
}

/** A stuck job is followed for so long. */
const HORIZON_MS = 60 * 60_000;
const MIN_POLL_MS = 1_000;
const HISTORY = 50;

/** The same numbers for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Jobs of 30 s to 6 min, lognormal around 2 min, two in a hundred stuck; `apartMs` apart on average. */
export function makeJobs(count: number, apartMs: number, seed: number, stuck = 0.02): Job[] {
  const random = seeded(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  let at = 0;
  return Array.from({ length: count }, () => {
    at += -Math.log(1 - random()) * apartMs;
    let seconds = 0;
    do seconds = 120 * Math.exp(0.5 * normal());
    while (seconds < 30 || seconds > 360);
    return { sentAt: at, takesMs: random() < stuck ? Number.POSITIVE_INFINITY : seconds * 1_000 };
  });
}

export interface Policy {
  /** Milliseconds to the next look at a job. */
  delay(job: Job, now: number, history: readonly number[]): number;
}

export const FIXED_5_S: Policy = { delay: () => 5_000 };

export function adaptive(options: { readonly learns: boolean; readonly listing: boolean }): Policy {
  return {
    delay: (job, now, history) =>
      nextPoll({
        now,
        submittedAt: job.sentAt,
        minPollMs: MIN_POLL_MS,
        history: options.learns ? history : [],
        failures: 0,
        listing: options.listing,
        awaited: false,
      }),
  };
}

interface Followed {
  readonly job: Job;
  dueAt: number;
}

/**
 * Follows the jobs in simulated time. With `list`, a call at the earliest due time tells of every job in flight;
 * else each job is asked for by itself. What is learnt is what a server would learn: the durations of jobs seen to end.
 */
export function simulate(jobs: readonly Job[], policy: Policy, list: boolean): Tally {
  const history: number[] = [];
  const late: number[] = [];
  let requests = 0;
  let requestsOnDone = 0;
  let flying: Followed[] = [];
  let next = 0;
  while (next < jobs.length || flying.length > 0) {
    const dueAt = flying.reduce((least, each) => Math.min(least, each.dueAt), Number.POSITIVE_INFINITY);
    const coming = jobs[next];
    if (coming && coming.sentAt <= dueAt) {
      next += 1;
      flying.push({ job: coming, dueAt: coming.sentAt + policy.delay(coming, coming.sentAt, history) });
      continue;
    }
    const told = list ? flying : flying.filter((each) => each.dueAt === dueAt).slice(0, 1);
    requests += 1;
    if (told.some((each) => Number.isFinite(each.job.takesMs))) requestsOnDone += 1;
    const gone = new Set<Followed>();
    for (const each of told) {
      const endedAt = each.job.sentAt + each.job.takesMs;
      if (endedAt <= dueAt) {
        late.push((dueAt - endedAt) / 1_000);
        history.push(dueAt - each.job.sentAt);
        if (history.length > HISTORY) history.shift();
        gone.add(each);
      } else if (dueAt - each.job.sentAt >= HORIZON_MS) gone.add(each);
      else each.dueAt = dueAt + policy.delay(each.job, dueAt, history);
    }
    flying = flying.filter((each) => !gone.has(each));
  }
  late.sort((a, b) => a - b);
  const at = (share: number) => late[Math.floor(late.length * share)] ?? 0;
  return { requests, requestsOnDone, lateMedian: at(0.5), lateP90: at(0.9) };
}

export interface Comparison {
  readonly load: string;
  readonly way: string;
  readonly ours: Tally;
  /** A fixed 5 s poll of each job by itself. */
  readonly fixed: Tally;
  /** A list call every 5 s while any job is in flight; for the list case. */
  readonly fixedList?: Tally | undefined;
}

const LOADS = [
  { load: 'a job a minute', apartMs: 60_000 },
  { load: 'a job every 10 s', apartMs: 10_000 },
  { load: '1,000 jobs in 5 minutes', apartMs: 300 },
] as const;

export function compare(seed = 7, count = 1_000, stuck = 0.02): Comparison[] {
  return LOADS.flatMap(({ load, apartMs }) => {
    const jobs = makeJobs(count, apartMs, seed, stuck);
    const fixed = simulate(jobs, FIXED_5_S, false);
    const run = (learns: boolean, listing: boolean) => simulate(jobs, adaptive({ learns, listing }), listing);
    return [
      { load, way: 'get', ours: run(true, false), fixed },
      { load, way: 'get, never any history', ours: run(false, false), fixed },
      { load, way: 'list', ours: run(true, true), fixed, fixedList: simulate(jobs, FIXED_5_S, true) },
      {
        load,
        way: 'list, never any history',
        ours: run(false, true),
        fixed,
        fixedList: simulate(jobs, FIXED_5_S, true),
      },
    ];
  });
}

/** The comparison as a Markdown table. */
export function pollingTable(): string {
  const head =
    '| load | way | requests | of a fixed 5 s poll | of that, on jobs that end | of a fixed 5 s list | late, median (fixed) | late, p90 (fixed) |';
  const share = (part: number, whole: number) => (part / whole).toFixed(3);
  const rows = compare().map(({ load, way, ours, fixed, fixedList }) =>
    [
      load,
      way,
      `${ours.requests} (${fixed.requests})`,
      share(ours.requests, fixed.requests),
      share(ours.requestsOnDone, fixed.requestsOnDone),
      fixedList ? share(ours.requests, fixedList.requests) : '–',
      `${ours.lateMedian.toFixed(1)} s (${fixed.lateMedian.toFixed(1)} s)`,
      `${ours.lateP90.toFixed(1)} s (${fixed.lateP90.toFixed(1)} s)`,
    ].join(' | '),
  );
  return [head, `|${' --- |'.repeat(8)}`, ...rows.map((row) => `| ${row} |`)].join('\n');
}

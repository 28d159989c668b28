import { nextPoll } from '../../src/routing/polling.ts';
import { FIRST_LOOK_MS, HISTORY } from '../../src/services/poll-schedule.ts';

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

/** A job in flight, and what its follower knows. */
interface Followed {
  readonly job: Job;
  /** When it was sent or last asked about. */
  heardAt: number;
  looks: number;
  dueAt: number;
}

interface Seen {
  readonly now: number;
  readonly history: readonly number[];
  readonly flying: number;
}

/** Milliseconds to the next look at a job. */
export type Policy = (followed: Followed, seen: Seen) => number;

export const FIXED_5_S: Policy = () => 5_000;

/** How often a dialect lets one job be asked about, in milliseconds. */
export interface Pace {
  readonly minPollMs: number;
  readonly meanPollMs?: number | undefined;
}

export interface Adaptive extends Pace {
  readonly learns: boolean;
  readonly listing: boolean;
}

/** What the product does for jobs that no caller asks about. */
export function adaptive({ minPollMs, meanPollMs, learns, listing }: Adaptive): Policy {
  return ({ job, looks }, { now, history, flying }) =>
    nextPoll({
      now,
      submittedAt: job.sentAt,
      minPollMs: looks === 0 ? Math.min(FIRST_LOOK_MS, minPollMs) : minPollMs,
      meanPollMs,
      polls: looks,
      history: learns ? history : [],
      running: flying - 1,
      failures: 0,
      listing,
      awaited: false,
    });
}

/**
 * Follows the jobs in simulated time. With `list`, a call at the earliest due time tells of every job in flight;
 * else each job is asked for by itself. What is learnt is what a server learns from an upstream that does not say when a
 * job was done: half-way between the last two looks.
 */
export function simulate(jobs: readonly Job[], policy: Policy, list: boolean): Tally {
  const history: number[] = [];
  const late: number[] = [];
  let requests = 0;
  let requestsOnDone = 0;
  let flying: Followed[] = [];
  let next = 0;
  const plan = (followed: Followed, now: number) => {
    followed.heardAt = now;
    followed.dueAt = now + policy(followed, { now, history, flying: flying.length });
  };
  while (next < jobs.length || flying.length > 0) {
    const dueAt = flying.reduce((least, each) => Math.min(least, each.dueAt), Number.POSITIVE_INFINITY);
    const coming = jobs[next];
    if (coming && coming.sentAt <= dueAt) {
      next += 1;
      const sent = { job: coming, heardAt: coming.sentAt, looks: 0, dueAt: 0 };
      flying.push(sent);
      plan(sent, coming.sentAt);
      continue;
    }
    const told = list ? flying : flying.filter((each) => each.dueAt === dueAt).slice(0, 1);
    requests += 1;
    if (told.some((each) => Number.isFinite(each.job.takesMs))) requestsOnDone += 1;
    const gone = new Set<Followed>();
    for (const each of told) {
      const endedAt = each.job.sentAt + each.job.takesMs;
      each.looks += 1;
      if (endedAt <= dueAt) {
        late.push((dueAt - endedAt) / 1_000);
        history.push((each.heardAt + dueAt) / 2 - each.job.sentAt);
        if (history.length > HISTORY) history.shift();
        gone.add(each);
      } else if (dueAt - each.job.sentAt >= HORIZON_MS) gone.add(each);
      else plan(each, dueAt);
    }
    flying = flying.filter((each) => !gone.has(each));
  }
  late.sort((a, b) => a - b);
  const at = (share: number) => late[Math.floor(late.length * share)] ?? 0;
  return { requests, requestsOnDone, lateMedian: at(0.5), lateP90: at(0.9) };
}

/**
 * The least median, in seconds, that any schedule with looks at least `gapMs` apart could reach that knows how long jobs
 * take, and may ask as often as that allows: the looks are placed so that most ends fall shortly before one.
 */
export function bestMedian(gapMs: number): number {
  const stepMs = 100;
  const ended = makeJobs(200_000, 0, 7, 0).map((job) => Math.ceil(job.takesMs / stepMs));
  const last = ended.reduce((most, step) => Math.max(most, step), 0);
  const upTo = new Array<number>(last + 1 + gapMs / stepMs).fill(0);
  for (const step of ended) upTo[step]! += 1;
  for (let step = 1; step < upTo.length; step++) upTo[step]! += upTo[step - 1]!;
  for (let late = 1; ; late++) {
    // best[i]: the most ends that looks until i can see within `late` steps.
    const best: number[] = [0];
    for (let i = 1; i < upTo.length; i++) {
      const seen = upTo[i]! - (upTo[i - late] ?? 0) + (best[i - gapMs / stepMs] ?? 0);
      best.push(Math.max(best[i - 1]!, seen));
    }
    if (best.at(-1)! >= ended.length / 2) return (late * stepMs) / 1_000;
  }
}

export interface Comparison {
  readonly pace: Pace;
  readonly load: string;
  readonly way: 'get' | 'list';
  /** False: as if no job had ever ended before. */
  readonly learns: boolean;
  readonly ours: Tally;
  /** A fixed 5 s poll of each job by itself. */
  readonly fixed: Tally;
  /** A list call every 5 s while any job is in flight; for the list case. */
  readonly fixedList?: Tally | undefined;
}

/** What a configuration may allow, and what the dialects that ship do: `seed`, `openai`, `sora-v1`. */
export const PACES: readonly Pace[] = [
  { minPollMs: 1_000 },
  { minPollMs: 5_000 },
  { minPollMs: 5_000, meanPollMs: 10_000 },
  { minPollMs: 10_000 },
];
const LOADS = [
  { load: 'a job a minute', apartMs: 60_000 },
  { load: 'a job every 10 s', apartMs: 10_000 },
  { load: '1,000 jobs in 5 minutes', apartMs: 300 },
] as const;

export function compare(seed = 7, count = 1_000, stuck = 0.02): Comparison[] {
  return LOADS.flatMap(({ load, apartMs }) => {
    const jobs = makeJobs(count, apartMs, seed, stuck);
    const fixed = simulate(jobs, FIXED_5_S, false);
    const fixedList = simulate(jobs, FIXED_5_S, true);
    return (['get', 'list'] as const).flatMap((way) => {
      const listing = way === 'list';
      const run = (pace: Pace, learns: boolean): Comparison => {
        const ours = simulate(jobs, adaptive({ ...pace, learns, listing }), listing);
        return { pace, load, way, learns, ours, fixed, fixedList: listing ? fixedList : undefined };
      };
      return [...PACES.map((pace) => run(pace, true)), run({ minPollMs: 5_000, meanPollMs: 10_000 }, false)];
    });
  });
}

/** The goal: at most this share of the requests of the fixed poll, and in the median at most so many seconds later. */
export const MOST_REQUESTS = 1 / 3;
export const MOST_LATER = 2;

export function meetsGoal({ ours, fixed }: Comparison): boolean {
  return ours.requests / fixed.requests <= MOST_REQUESTS && ours.lateMedian - fixed.lateMedian <= MOST_LATER;
}

/** The comparison as a Markdown table. */
export function pollingTable(): string {
  const rows = compare().map((row) => {
    const { pace, load, way, learns, ours, fixed, fixedList } = row;
    const { minPollMs, meanPollMs } = pace;
    const share = (whole: number) => (ours.requests / whole).toFixed(3);
    return [
      load,
      learns ? way : `${way}, never any history`,
      `${minPollMs / 1_000} s${meanPollMs === undefined ? '' : `, ${meanPollMs / 1_000} s on average`}`,
      `${ours.requests.toLocaleString('en')} (${fixed.requests.toLocaleString('en')})`,
      share(fixed.requests),
      (ours.requestsOnDone / fixed.requestsOnDone).toFixed(3),
      fixedList ? share(fixedList.requests) : '–',
      `${ours.lateMedian.toFixed(1)} s (${fixed.lateMedian.toFixed(1)} s)`,
      `${ours.lateP90.toFixed(1)} s (${fixed.lateP90.toFixed(1)} s)`,
      meetsGoal(row) ? 'met' : 'missed',
      `${(ours.lateMedian - fixed.lateMedian).toFixed(1)} s`,
    ];
  });
  const head = [
    'load',
    'way',
    'floor',
    'requests (a fixed 5 s poll)',
    'ratio',
    'on jobs that end',
    'of a fixed 5 s list',
    'seen late, median (fixed)',
    'p90 (fixed)',
    'goal',
    'later in the median',
  ];
  const floors = [...new Set(PACES.map(({ minPollMs }) => minPollMs))];
  const best = floors.map((floor) => `${floor / 1_000} s: ${bestMedian(floor).toFixed(1)} s`).join(', ');
  return [
    ...[head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`),
    `\nThe least median that any schedule could reach with looks so far apart: ${best}.`,
  ].join('\n');
}

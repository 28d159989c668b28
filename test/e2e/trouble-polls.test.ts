import { describe, expect, test } from 'vitest';
import { eventually, startApp } from '../helpers/app.ts';
import { PROMPTLY_MS } from '../helpers/promptly.ts';

const FORWARDING = { backend: 'forwarding' };
const REVERSE = { backend: 'reverse' };

describe('polls', () => {
  test.each([
    ['another task’s id', 'other-id', 1],
    ['a web page', 'html', 3],
    ['rubbish', 'rubbish', 1],
    ['32 MiB of JSON', 'huge-json', 1],
    ['a dropped connection', 'drop-before', 1],
    ['an error of its own', '500', 3],
    ['a status that nobody knows', 'unknown-status', 1],
  ] as const)('%s: the task keeps its state until the upstream makes sense', async (_, kind, times) => {
    const app = await startApp();
    app.sandbox.fault({ on: 'get', kind, times });
    const { task } = await app.make('a fox', REVERSE);
    const done = await app.reaches(task.id, 'completed');
    expect(done).toMatchObject({ charged: 'yes', spent: 120_000 });
    expect(app.sandbox.jobs()).toHaveLength(1);
  });

  test('a job that the upstream does not know is asked for again, and given up as expired, its money counted', async () => {
    let now = Date.now();
    const app = await startApp({ clock: () => now, sandboxOptions: { jobMs: 60_000 } });
    const { task } = await app.make('a fox', REVERSE);
    app.store.tasks.update(task.id, { remoteId: 'task_gone', nextPollAt: 1 });
    await eventually(() => app.task(task.id).error?.code === 'not_found');
    expect(app.task(task.id).state).toBe('queued');
    const gone = await eventually(() => {
      now += 20_000;
      app.app.track();
      return app.task(task.id).state === 'expired' && app.task(task.id);
    });
    expect(gone).toMatchObject({ charged: 'unknown', spent: 120_000, error: { charged: 'unknown' } });
    expect(app.store.ledger.held(task.id)).toBeUndefined();
  });

  test('a job that never ends is followed ever more seldom, and never made again', async () => {
    let now = Date.now();
    const app = await startApp({ clock: () => now, sandboxOptions: { jobMs: 1e9 } });
    const { task } = await app.make('a fox', REVERSE);
    const seen = () => app.count('get');
    for (let hour = 0; hour < 3; hour++) {
      const before = seen();
      now += 3_600_000;
      app.app.track();
      await eventually(() => seen() > before && (app.task(task.id).nextPollAt ?? 0) > now);
    }
    const { nextPollAt, state } = app.task(task.id);
    expect(state).toMatch(/queued|in_progress/);
    expect(nextPollAt! - now).toBeGreaterThan(60_000);
    expect(nextPollAt! - now).toBeLessThanOrEqual(5 * 60_000);
    expect(app.count('create')).toBe(1);
  });

  test.each([
    ['by one call where the backend lists', undefined, { list: 1, get: 0 }],
    ['one by one where it turns out not to list', 404, { list: 1, get: 12 }],
    ['one by one where its list fails, and it counts as healthy', 500, { list: 3, get: 12 }],
    ['one by one where its list refuses', 400, { list: 1, get: 12 }],
  ] as const)('many jobs are followed %s', async (_, status, asked) => {
    let now = Date.now();
    const clock = () => now;
    const app = await startApp({ clock, sandboxOptions: { clock, jobMs: 60_000 } });
    if (status) app.sandbox.fault({ on: 'list', kind: '500', status, times: 99 });
    const made = await Promise.all(Array.from({ length: 12 }, (_, n) => app.make(`scene ${n}`, FORWARDING)));
    expect({ list: app.count('list'), get: app.count('get') }).toEqual({ list: 0, get: 0 });
    now += 120_000;
    app.app.track();
    await Promise.all(made.map(({ task }) => app.reaches(task.id, 'completed')));
    expect({ list: app.count('list'), get: app.count('get') }).toEqual(asked);
    await app.make('one more', FORWARDING);
  });

  test('whoever asks is told sooner, though not sooner than the upstream may be asked', async () => {
    let now = Date.now();
    const clock = () => now;
    const limits = { usualJobMs: undefined, minPollMs: 5_000 };
    const app = await startApp({ clock, sandboxOptions: { clock, jobMs: 60_000 }, backend: { limits } });
    const { task } = await app.make('a fox', REVERSE);
    expect(app.task(task.id).nextPollAt! - now).toBeGreaterThan(20_000);
    const next = async () => (await app.services.tasks.get(task.id)).nextPollSeconds;
    expect(await next()).toBe(3);
    now += 3_000;
    app.app.track();
    await eventually(() => app.task(task.id).polls === 1);
    expect(app.task(task.id).nextPollAt! - now).toBeGreaterThan(20_000);
    expect(await next()).toBe(5);
    app.store.tasks.update(task.id, { nextPollAt: now + 40_000, pollNotBefore: now + 9_000 });
    expect(await next()).toBe(9);
    now += 60_000;
    app.app.track();
    await app.reaches(task.id, 'completed');
  });

  test('what becomes due while a list is on its way waits for its news, and is not asked for beside it', async () => {
    let now = Date.now();
    const clock = () => now;
    const app = await startApp({ clock, sandboxOptions: { clock, jobMs: 60_000 } });
    app.sandbox.fault({ on: 'list', kind: 'hang' });
    const early = await Promise.all(['a fox', 'a hen'].map((prompt) => app.make(prompt, FORWARDING)));
    now += 120_000;
    app.app.track();
    await eventually(() => app.count('list') === 1);
    const late = await Promise.all(['a cat', 'a dog'].map((prompt) => app.make(prompt, FORWARDING)));
    const elsewhere = await app.make('an owl', REVERSE);
    now += 120_000;
    app.app.track();
    await app.reaches(elsewhere.task.id, 'completed');
    expect(app.count('list')).toBe(1);
    for (const { task } of [...early, ...late]) expect(app.task(task.id).state).toBe('queued');
  });
});

describe('a backend that is down', () => {
  test('holds nobody up: answers come from the store, with how old they are', async () => {
    let now = Date.now();
    const app = await startApp({ clock: () => now, sandboxOptions: { jobMs: 60_000 } });
    const { task } = await app.make('a fox', REVERSE);
    app.sandbox.fault({ on: 'any', kind: 'drop-before', times: Number.POSITIVE_INFINITY });
    now += 45_000;
    app.app.track();
    await eventually(() => app.task(task.id).pollFailures > 0);
    now += 75_000;
    const begun = performance.now();
    const report = await app.services.tasks.get(task.id);
    expect(performance.now() - begun).toBeLessThan(PROMPTLY_MS);
    expect(report.task.state).toBe('queued');
    expect(report.staleSeconds).toBe(120);
  });

  test('so do tools while the upstream hangs', async () => {
    const app = await startApp();
    app.sandbox.fault({ on: 'get', kind: 'hang', times: Number.POSITIVE_INFINITY });
    const { task } = await app.make('a fox', REVERSE);
    await eventually(() => app.count('get') > 0);
    const begun = performance.now();
    await app.services.tasks.get(task.id);
    await app.make('a hen', REVERSE);
    expect(performance.now() - begun).toBeLessThan(PROMPTLY_MS);
    const closing = performance.now();
    await app.close();
    expect(performance.now() - closing).toBeLessThan(PROMPTLY_MS);
  });
});

describe('the line', () => {
  test('a queue of sixty behind four places is made to the end, however often it finds the backend full', async () => {
    const limits = { concurrentJobs: 4, usualJobMs: 200 };
    // It stands still until all are asked for: no place becomes free meanwhile.
    let now = Date.now();
    const clock = () => now;
    const app = await startApp({ clock, backend: { limits }, sandboxOptions: { clock, jobMs: 100 } });
    const made = await Promise.all(Array.from({ length: 60 }, (_, n) => app.make(`scene ${n}`, REVERSE)));
    expect(made.filter(({ task }) => task.state === 'reserved').length).toBeGreaterThan(50);
    await eventually(() => {
      now += 1_000;
      app.app.track();
      const states = app.store.tasks.latest('local', 60).map((task) => task.state);
      expect(states.filter((state) => /queued|in_progress|submitting/.test(state)).length).toBeLessThanOrEqual(4);
      return states.every((state) => state === 'completed');
    });
    expect(app.sandbox.jobs()).toHaveLength(60);
    expect(app.count('create')).toBe(60);
  });

  test('a job that nobody can look for does not hold its place for ever', async () => {
    let ahead = 0;
    const clock = () => Date.now() + ahead;
    const app = await startApp({ clock, backend: { limits: { concurrentJobs: 1 } } });
    app.sandbox.fault({ on: 'create', kind: 'drop-after' });
    const lost = await app.make('a fox', REVERSE);
    expect(lost.task.state).toBe('unknown');
    const waiting = await app.make('a hen', REVERSE);
    expect(waiting.task).toMatchObject({ state: 'reserved' });
    expect(waiting.task.reasons.at(-1)).toMatch(/^waiting: /);
    ahead += 61 * 60_000;
    app.app.track();
    const done = await app.reaches(waiting.task.id, 'completed');
    expect(done.reasons.some((reason) => reason.startsWith('waiting'))).toBe(false);
    expect(app.task(lost.task.id).state).toBe('unknown');
  });

  test('one that is turned away goes back into the line, and is made when the upstream relents', async () => {
    const app = await startApp();
    app.sandbox.fault({ on: 'create', kind: '429', retryAfter: 1, times: 2 });
    const { task } = await app.make('a fox', REVERSE);
    expect(task).toMatchObject({ state: 'reserved', charged: 'no' });
    expect(await app.reaches(task.id, 'completed')).toMatchObject({ pollFailures: 0 });
    expect(app.sandbox.jobs()).toHaveLength(1);
  });
});

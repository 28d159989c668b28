import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { SoraError } from '../../src/domain/errors.ts';
import { aBackend, aSandbox, eventually, startApp, usd } from '../helpers/app.ts';

async function failure(work: Promise<unknown>): Promise<SoraError> {
  const error = await work.then(
    () => new Error('it went well'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof SoraError) return error;
  throw error;
}

const FORWARDING = { backend: 'forwarding' };
const REVERSE = { backend: 'reverse' };

/** A port on which nothing listens. */
async function deadPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('a create that surely did not arrive goes to the other backend, before there is a job', () => {
  test.each([
    ['its connection is refused', async () => `http://127.0.0.1:${await deadPort()}/v1`],
    ['its name does not resolve', async () => 'http://no-such-host.invalid/v1'],
    ['it speaks no TLS', async () => (await aSandbox()).baseUrl.replace('http:', 'https:')],
  ])('%s', async (_, address) => {
    const sandbox = await aSandbox();
    const backends = [aBackend('reverse', await address()), aBackend('forwarding', sandbox.baseUrl)];
    const app = await startApp({ sandbox, backends });
    const { task } = await app.make('a fox');
    expect(task).toMatchObject({ backend: 'forwarding', state: 'queued', quoted: 400_000 });
    expect(task.reasons.at(-1)).toMatch(/^reverse did not take it: .*could not be reached/);
    expect(sandbox.jobs()).toHaveLength(1);
    await app.reaches(task.id, 'completed');
    expect(app.store.ledger.rows('local', '2026-01-01')).toMatchObject([{ backend: 'forwarding', spent: 400_000 }]);
  });

  test.each(['429', '503'] as const)('it says %s', async (kind) => {
    const app = await startApp();
    app.sandbox.fault({ on: 'create', kind, retryAfter: 60 });
    const { task } = await app.make('a fox');
    expect(task).toMatchObject({ backend: 'forwarding', state: 'queued' });
    expect(app.sandbox.jobs()).toHaveLength(1);
  });

  test('where there is no other, the refusal is told and nothing is charged', async () => {
    const backends = [aBackend('reverse', `http://127.0.0.1:${await deadPort()}/v1`)];
    const app = await startApp({ backends, budget: usd({ day: 1 }) });
    const told = await failure(app.make('a fox', { idempotencyKey: 'k' }));
    expect(told).toMatchObject({ code: 'backend_unavailable', retryable: true, charged: 'no' });
    expect(app.store.ledger.summary('local', Date.now()).day.used).toBe(0);
  });
});

describe('a create that may have arrived is never sent again', () => {
  test.each([
    ['dropped after the request', 'drop-after', 1],
    ['dropped before it was carried out', 'drop-before', 0],
    ['rubbish', 'rubbish', 1],
    ['a gateway’s page', 'html', 1],
    ['32 MiB of JSON', 'huge-json', 1],
    ['a bare 500', '500', 0],
  ] as const)('%s', async (_, kind, jobs) => {
    const app = await startApp({ budget: usd({ day: 1 }) });
    app.sandbox.fault({ on: 'create', kind });
    const { task } = await app.make('a fox', { ...REVERSE, idempotencyKey: 'k' });
    expect(task).toMatchObject({
      state: 'unknown',
      charged: 'unknown',
      error: { code: 'answer_lost', retryable: false },
    });
    expect(task.error?.hint).toMatch(/Do not submit it again/);
    expect((await app.make('a fox', { ...REVERSE, idempotencyKey: 'k' })).task.id).toBe(task.id);
    expect(app.count('create')).toBe(1);
    expect(app.sandbox.jobs()).toHaveLength(jobs);
    expect(app.store.ledger.held(task.id)).toBe(120_000);
  });

  test('where jobs can be listed, the job is found', async () => {
    const app = await startApp();
    app.sandbox.fault({ on: 'create', kind: 'rubbish' });
    const { task } = await app.make('a fox', FORWARDING);
    expect(task.state).toBe('unknown');
    const found = await app.reaches(task.id, 'completed');
    expect(found).toMatchObject({ remoteId: app.sandbox.jobs()[0]!.id, charged: 'yes', spent: 400_000 });
    expect(found.error).toBeUndefined();
  });

  test('two lost ones of the same words are each given one of the two jobs', async () => {
    const app = await startApp();
    app.sandbox.fault({ on: 'create', kind: 'rubbish', times: 2 });
    const made = await Promise.all([app.make('a fox', FORWARDING), app.make('a fox', FORWARDING)]);
    const found = await Promise.all(made.map(({ task }) => app.reaches(task.id, 'completed')));
    expect(new Set(found.map(({ remoteId }) => remoteId)).size).toBe(2);
    expect(app.count('create')).toBe(2);
  });

  test('an answer with the id of another job is no answer', async () => {
    const app = await startApp({ sandboxOptions: { idempotency: true, jobMs: 60_000 } });
    const first = await app.make('a fox', FORWARDING);
    app.store.tasks.update(first.task.id, { remoteId: 'video_of_another' });
    app.sandbox.fault({ on: 'create', kind: 'other-id' });
    const second = await app.make('a hen', FORWARDING);
    app.store.tasks.update(first.task.id, { remoteId: second.task.remoteId });
    app.sandbox.fault({ on: 'create', kind: 'other-id' });
    expect(second.task.remoteId).toMatch(/_other$/);
  });
});

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
    }, 60_000);
    expect(gone).toMatchObject({ charged: 'unknown', spent: 120_000, error: { charged: 'unknown' } });
    expect(app.store.ledger.held(task.id)).toBeUndefined();
  }, 90_000);

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

  test('many jobs are followed by one call where the backend lists, and one by one where its list turns out not to work', async () => {
    const app = await startApp({ sandboxOptions: { jobMs: 1_500 }, backend: { limits: { usualJobMs: 1_500 } } });
    const made = await Promise.all(Array.from({ length: 12 }, (_, n) => app.make(`scene ${n}`, FORWARDING)));
    await Promise.all(made.map(({ task }) => app.reaches(task.id, 'completed')));
    expect(app.count('list')).toBeGreaterThan(0);
    expect(app.count('list') + app.count('get')).toBeLessThan(12);

    const other = await startApp({ sandboxOptions: { jobMs: 1_500 }, backend: { limits: { usualJobMs: 1_500 } } });
    other.sandbox.fault({ on: 'list', kind: '500', status: 404, times: 99 });
    const more = await Promise.all(Array.from({ length: 4 }, (_, n) => other.make(`scene ${n}`, FORWARDING)));
    await Promise.all(more.map(({ task }) => other.reaches(task.id, 'completed')));
    expect(other.count('list')).toBeLessThan(4);
    expect(other.count('get')).toBeGreaterThanOrEqual(4);
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
    expect(performance.now() - begun).toBeLessThan(500);
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
    expect(performance.now() - begun).toBeLessThan(5_000);
    const closing = performance.now();
    await app.close();
    expect(performance.now() - closing).toBeLessThan(1_500);
  });
});

describe('the line', () => {
  test('a queue of sixty behind four places is made to the end, however often it finds the backend full', async () => {
    const limits = { concurrentJobs: 4, usualJobMs: 200 };
    const app = await startApp({ backend: { limits }, sandboxOptions: { jobMs: 100 } });
    const made = await Promise.all(Array.from({ length: 60 }, (_, n) => app.make(`scene ${n}`, REVERSE)));
    expect(made.filter(({ task }) => task.state === 'reserved').length).toBeGreaterThan(50);
    await eventually(() => {
      const { completed, reserved, queued, in_progress, submitting } = app.store.tasks.countByState('local');
      expect(queued + in_progress + submitting).toBeLessThanOrEqual(4);
      return completed === 60 && reserved === 0;
    }, 100_000);
    expect(app.sandbox.jobs()).toHaveLength(60);
    expect(app.count('create')).toBe(60);
  }, 120_000);

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

import { expect, test } from 'vitest';
import type { AppProcess } from '../helpers/app-process.ts';
import { eventually, scenesOfOneBundle } from '../helpers/crash.ts';

const open = scenesOfOneBundle();

const PROCESSES = 10;
const JOBS = 200;
// A starved process on a busy machine must not look dead: what a lapsed lease does is another test's.
const SPEC = { leaseMs: 120_000, limits: { usualJobMs: 1_500 } };

test('ten processes and one data directory: 200 jobs are each created once and saved once', {
  timeout: 300_000,
}, async () => {
  const scene = await open({ jobMs: 1_500 });
  const apps = await Promise.all(Array.from({ length: PROCESSES }, () => scene.start(SPEC)));
  const each = Array.from({ length: JOBS / PROCESSES }, (_, n) => n);
  await Promise.all(
    apps.map(async (app, which) => {
      for (const n of each) {
        const told = await app.call('generate_video', { prompt: `scene ${which}.${n}`, backend: 'forwarding' });
        expect(told).toMatchObject({ ok: true });
      }
    }),
  );
  const finished = () =>
    scene.look((store) => store.tasks.page({ workspace: 'local', state: 'completed', limit: 500 }).items);
  await eventually(() => finished().filter((task) => task.saveState === 'saved').length === JOBS, 240_000);
  const tasks = finished();
  expect(scene.sandbox.jobs()).toHaveLength(JOBS);
  expect(new Set(tasks.map((task) => task.remoteId)).size).toBe(JOBS);
  expect(new Set(tasks.map((task) => task.request.prompt)).size).toBe(JOBS);
  expect(scene.files().filter((name) => name.endsWith('.mp4'))).toHaveLength(JOBS);
  expect(scene.files()).toHaveLength(JOBS);
  const downloads = scene.sandbox.requests().filter(({ path }) => path.endsWith('/content'));
  // One that a busy upstream did not begin in time is asked for again: that was an attempt, and is counted.
  const again = tasks.reduce((sum, { saveAttempts }) => sum + saveAttempts, 0);
  expect(new Set(downloads.map(({ path }) => path)).size).toBe(JOBS);
  expect(downloads.length).toBeLessThanOrEqual(JOBS + again);
  await Promise.all(apps.map((app) => app.leave()));
});

test('one idempotency key, asked for in two processes at once, is one task and one job', async () => {
  const scene = await open();
  const apps = await Promise.all([scene.start(SPEC), scene.start(SPEC)]);
  for (let round = 0; round < 10; round++) {
    const args = { prompt: `round ${round}`, backend: 'reverse', idempotency_key: `key-${round}` };
    const told = await Promise.all([...apps, ...apps].map((app) => app.call('generate_video', args)));
    expect(told.map(({ ok }) => ok)).toEqual([true, true, true, true]);
    expect(new Set(told.map(({ data }) => data.task_id)).size).toBe(1);
    expect(scene.sandbox.jobs()).toHaveLength(round + 1);
  }
  const [first, second] = apps as [AppProcess, AppProcess];
  const other = await second.call('generate_video', {
    prompt: 'another',
    backend: 'reverse',
    idempotency_key: 'key-0',
  });
  expect(other.error).toMatchObject({ code: 'idempotency_conflict', field: 'idempotency_key', retryable: false });
  await Promise.all([first.kill(), second.kill()]);
  const third = await scene.start(SPEC);
  const args = { prompt: 'round 0', backend: 'reverse', idempotency_key: 'key-0' };
  expect((await third.call('generate_video', args)).data.task_id).toBe(
    scene.look((store) => store.tasks.byIdempotencyKey('local', 'key-0')?.id),
  );
  expect(scene.sandbox.jobs()).toHaveLength(10);
});

test('a day’s budget holds across processes, to the cent', async () => {
  const scene = await open({ jobMs: 60_000 });
  const env = { SORA_BUDGET_USD_DAY: '1' };
  const apps = await Promise.all(Array.from({ length: 4 }, () => scene.start(SPEC, env)));
  const told = await Promise.all(
    apps.flatMap((app, which) =>
      Array.from({ length: 5 }, (_, n) => app.call('generate_video', { prompt: `${which}.${n}`, backend: 'reverse' })),
    ),
  );
  // 8 at $0.12 are $0.96.
  expect(told.filter(({ ok }) => ok)).toHaveLength(8);
  expect(scene.sandbox.jobs()).toHaveLength(8);
  for (const { ok, error } of told) {
    if (!ok) expect(error).toMatchObject({ code: 'budget_exceeded', window: 'day', limit_usd: 1, charged: 'no' });
  }
});

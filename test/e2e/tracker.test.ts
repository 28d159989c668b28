import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { appFor } from '../../src/running.ts';
import { startApp } from '../helpers/app.ts';
import { eventually, scenesOfOneBundle, watchSteps } from '../helpers/crash.ts';
import { wantVideo } from '../helpers/crash-matrix.ts';
import { PROMPTLY_MS } from '../helpers/promptly.ts';
import { cleanEnv, MAIN, tempDir } from '../helpers/server.ts';

const open = scenesOfOneBundle();

const FORWARDING = { backend: 'forwarding' };
const REVERSE = { backend: 'reverse' };

describe('unasked', () => {
  test('a server that is started follows and saves what another one began, without any call', async () => {
    const scene = await open({ jobMs: 1_500 });
    const first = await scene.start();
    await first.call('generate_video', { prompt: 'a fox', ...FORWARDING });
    await first.call('generate_video', { prompt: 'a hen', ...REVERSE });
    await first.leave();
    const second = await scene.start({ limits: { usualJobMs: 1_500 } });
    const saved = () =>
      scene.look((store) => store.tasks.latest('local', 9)).filter((task) => task.saveState === 'saved');
    await eventually(() => saved().length === 2);
    expect(second.stderr()).toBe('');
  });
});

describe('the store', () => {
  test('is opened a moment after the client has spoken, and some time after the start where it says nothing', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const dir = tempDir();
    const place = { env: { SORA_DATA_DIR: dir }, platform: process.platform, home: dir, cwd: dir, now: Date.now() };
    const loaded = await loadConfig({ ...place, argv: [] });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    const opened = { silent: 0, spoken: 0 };
    const started = (whose: keyof typeof opened) =>
      appFor(loaded.config, {
        version: '0',
        log: () => {},
        beforeOpening: () => {
          opened[whose] += 1;
        },
      });
    const silent = started('silent');
    const spoken = started('spoken');
    silent.trackSoon(5_000);
    spoken.trackSoon(5_000);
    vi.advanceTimersByTime(4_000);
    expect(opened).toEqual({ silent: 0, spoken: 0 });
    spoken.trackSoon();
    vi.advanceTimersByTime(900);
    expect(opened).toEqual({ silent: 0, spoken: 1 });
    vi.advanceTimersByTime(5_000);
    expect(opened).toEqual({ silent: 1, spoken: 1 });
    vi.useRealTimers();
    await Promise.all([silent.close(), spoken.close()]);
  });

  test('keeps no client waiting that is slow to speak', async () => {
    const dir = tempDir();
    const begun = performance.now();
    const server = spawn(process.execPath, [MAIN], { env: cleanEnv(dir), cwd: dir });
    onTestFinished(() => void server.kill('SIGKILL'));
    await sleep(1_500);
    const opened = existsSync(join(dir, 'sora.db'));
    // On a machine that slept longer the server may have lost its patience with a silent client.
    expect(opened && performance.now() - begun < 4_000).toBe(false);
    const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '1' } };
    server.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })}\n`);
    await eventually(() => existsSync(join(dir, 'sora.db')));
  });
});

describe('when the client leaves', () => {
  test('in the middle of a download: it ends within a second, nothing is half written, and the next server goes on', async () => {
    const scene = await open();
    scene.sandbox.fault({ on: 'content', kind: 'slow-body', delayMs: 600_000 });
    const steps = watchSteps(scene);
    const first = await scene.start({ stepsFile: steps.stepsFile });
    const told = await first.call('generate_video', { prompt: 'a fox', ...FORWARDING });
    await eventually(() => steps.reached('save:flowing'));
    const begun = performance.now();
    await first.leave();
    expect(performance.now() - begun).toBeLessThan(PROMPTLY_MS);
    expect(scene.files().filter((name) => name.endsWith('.mp4'))).toEqual([]);
    const left = scene.look((store) => store.tasks.byId(String(told.data.task_id)));
    expect(left).toMatchObject({ state: 'completed', saveState: 'pending', saveAttempts: 0 });
    expect(left?.leaseOwner).toBeUndefined();
    const second = await scene.start();
    await eventually(async () => {
      const task = await second.call('get_task', { task_id: told.data.task_id });
      return task.data.file_path !== undefined;
    });
  });

  test('while a create is out: the server goes, and the job is found by the next one', async () => {
    const scene = await open();
    scene.sandbox.fault({ on: 'create', kind: 'hang-after' });
    const first = await scene.start();
    const args = { prompt: 'a fox', ...FORWARDING, idempotency_key: 'k' };
    first.call('generate_video', args).catch(() => {});
    await eventually(() => scene.sandbox.jobs().length === 1);
    first.child.kill('SIGTERM');
    await first.ended;
    const second = await scene.start();
    expect(await wantVideo(second, args)).toMatchObject({ status: 'completed' });
    expect(scene.sandbox.jobs()).toHaveLength(1);
  });
});

describe('the database is locked by another program for 10 s', () => {
  test('nothing is lost and the server lives on', async () => {
    const scene = await open({ jobMs: 1_000 });
    // What is first told after the lock must not count as stuck by then.
    const app = await scene.start({ leaseMs: 2_000, limits: { usualJobMs: 10_000 } });
    const before = await app.call('generate_video', { prompt: 'before', ...FORWARDING });
    const thief = new Sqlite(join(scene.dataDir, 'sora.db'));
    thief.exec('begin exclusive');
    const unlocking = sleep(10_000);
    const during = app.call('generate_video', { prompt: 'during', ...REVERSE, idempotency_key: 'during' });
    const asked = await app.call('get_task', { task_id: before.data.task_id });
    expect(asked).toMatchObject({ ok: true });
    await unlocking;
    expect(scene.sandbox.jobs()).toHaveLength(1);
    thief.exec('rollback');
    thief.close();
    expect(await during).toMatchObject({ ok: true });
    const saved = () =>
      scene.look((store) => store.tasks.latest('local', 9)).filter((task) => task.saveState === 'saved');
    await eventually(() => saved().length === 2);
    expect(scene.sandbox.jobs()).toHaveLength(2);
  });

  test('also when it is locked at the very moment when the answer to a create comes', async () => {
    const scene = await open();
    const steps = watchSteps(scene);
    const { stepsFile } = steps;
    const app = await scene.start({ stepsFile, holdAt: 'create:answered', limits: { usualJobMs: 8_000 } });
    const args = { prompt: 'a fox', ...REVERSE, idempotency_key: 'k' };
    const made = app.call('generate_video', args);
    await eventually(() => steps.reached('create:answered'));
    const thief = new Sqlite(join(scene.dataDir, 'sora.db'));
    thief.exec('begin exclusive');
    steps.go();
    await eventually(() => app.stderr().includes('not written yet'));
    thief.exec('rollback');
    thief.close();
    expect(await made).toMatchObject({ ok: true });
    // This backend cannot list: had the id been lost, so would be the job.
    expect(await wantVideo(app, args)).toMatchObject({ status: 'completed' });
    expect(scene.sandbox.jobs()).toHaveLength(1);
    expect(app.stderr()).toMatch(/not written yet, and tried until it is: task \S+ is job \S+ of reverse/);
  });
});

describe('the clock jumps', () => {
  test.each([
    ['an hour ahead', [3_600_000]],
    ['an hour back', [-3_600_000]],
    ['a day ahead and back again', [86_400_000, 0]],
    ['a year back and forth', [-31_536_000_000, 0, 31_536_000_000]],
  ])('%s: every job is made once and saved', async (_, jumps) => {
    let ahead = 0;
    const app = await startApp({
      clock: () => Date.now() + ahead,
      leaseMs: 1_000,
      sandboxOptions: { jobMs: 500 },
      backend: { limits: { usualJobMs: 500 } },
    });
    const made = [
      await app.make('a fox', REVERSE),
      await app.make('a hen', FORWARDING),
      await app.make('an owl', FORWARDING),
    ];
    for (const jump of jumps) {
      await sleep(150);
      ahead = jump;
      app.app.track();
    }
    // Jobs seem an hour old now, and are looked at as seldom as such.
    await eventually(() => {
      ahead += 30_000;
      app.app.track();
      return made.every(({ task }) => app.task(task.id).saveState === 'saved');
    });
    expect(app.sandbox.jobs()).toHaveLength(3);
    expect(app.count('create')).toBe(3);
  });

  test('far ahead right after an answer was lost: the job is not given up before it was looked for several times', async () => {
    let ahead = 0;
    const app = await startApp({ clock: () => Date.now() + ahead });
    app.sandbox.fault({ on: 'create', kind: 'drop-after' });
    app.sandbox.fault({ on: 'list', kind: 'drop-before', times: 3 });
    const { task } = await app.make('a fox', FORWARDING);
    ahead = 86_400_000;
    app.app.track();
    await eventually(() => app.task(task.id).polls > 0);
    expect(app.task(task.id).state).toBe('unknown');
    ahead += 86_400_000;
    // What it finds may still run; it seems two days old by then, and is looked at as seldom as such.
    await eventually(() => {
      ahead += 30_000;
      app.app.track();
      return app.task(task.id).saveState === 'saved';
    });
    expect(app.task(task.id)).toMatchObject({ state: 'completed', charged: 'yes' });
    expect(app.sandbox.jobs()).toHaveLength(1);
  });

  test('a create that was never taken is given up after minutes and several looks, and costs nothing', async () => {
    let ahead = 0;
    const app = await startApp({ clock: () => Date.now() + ahead, uptime: () => ahead });
    app.sandbox.fault({ on: 'create', kind: 'drop-before' });
    const { task } = await app.make('a fox', { ...FORWARDING, idempotencyKey: 'k' });
    expect(task.state).toBe('unknown');
    const given = await eventually(() => {
      ahead += 20_000;
      app.app.track();
      return app.task(task.id).state !== 'unknown' && app.task(task.id);
    });
    expect(given).toMatchObject({ state: 'failed', charged: 'no', error: { code: 'upstream_error', retryable: true } });
    expect(ahead).toBeGreaterThanOrEqual(300_000);
    expect(app.count('list')).toBeGreaterThanOrEqual(3);
    expect(app.store.ledger.held(task.id)).toBeUndefined();
    // Its key stands for one job, and there is none: the same request is sent under the same task.
    const again = await app.make('a fox', { ...FORWARDING, idempotencyKey: 'k' });
    expect(again.task).toMatchObject({ id: task.id, state: 'queued' });
    expect(again.task.error).toBeUndefined();
    await app.reaches(task.id, 'completed');
    expect(app.sandbox.jobs()).toHaveLength(1);
    expect(app.store.ledger.entries(task.id).map(({ kind }) => kind)).toEqual([
      'reserve',
      'release',
      'reserve',
      'settle',
    ]);
  });
});

describe('two servers with other backends in one data directory', () => {
  test('leave each other’s tasks alone', async () => {
    const scene = await open({ jobMs: 1_500 });
    // A starved process must not look dead: whoever is there would give up what it is about to send.
    const leaseMs = 120_000;
    const first = await scene.start(
      { leaseMs, limits: { usualJobMs: 1_500 } },
      { SORA_BASE_URL: '', SORA_REVERSE_BASE_URL: scene.sandbox.baseUrl },
    );
    const second = await scene.start(
      { leaseMs },
      { SORA_BASE_URL: '', SORA_FORWARDING_BASE_URL: scene.sandbox.baseUrl },
    );
    await second.call('get_task', {});
    const made = await first.call('generate_video', { prompt: 'a fox' });
    await eventually(
      async () => (await first.call('get_task', { task_id: made.data.task_id })).data.file_path !== undefined,
    );
    expect(second.stderr()).toBe('');
  });
});

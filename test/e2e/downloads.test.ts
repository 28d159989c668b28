import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { checkMp4 } from '../../src/store/mp4.ts';
import { eventually, startApp, type TestApp, tempDir } from '../helpers/app.ts';

const FORWARDING = { backend: 'forwarding' };
const REVERSE = { backend: 'reverse' };

function videos(app: TestApp): string[] {
  return readdirSync(join(app.dataDir, 'videos'));
}

/** The saved file is what the upstream has, to the byte. */
async function expectWhole(app: TestApp, path: string, remoteId: string): Promise<void> {
  const bytes = readFileSync(path);
  await checkMp4(path);
  const answer = await fetch(`${app.sandbox.baseUrl}/videos/${remoteId}/content`, {
    headers: { authorization: 'Bearer x' },
  });
  const theirs = Buffer.from(await answer.arrayBuffer());
  const digest = (data: Buffer) => createHash('sha256').update(data).digest('hex');
  expect(digest(bytes)).toBe(digest(theirs));
}

describe('a download that goes wrong is made good', () => {
  test('one that breaks off goes on where it was', async () => {
    const app = await startApp();
    app.sandbox.fault({ on: 'content', kind: 'truncate' });
    const { task } = await app.make('a fox', FORWARDING);
    const broken = await eventually(() => app.task(task.id).saveAttempts > 0 && app.task(task.id));
    expect(broken).toMatchObject({
      state: 'completed',
      saveState: 'pending',
      saveError: expect.stringMatching(/broke off/),
    });
    expect(broken.filePath).toBeUndefined();
    expect(videos(app).filter((name) => name.endsWith('.mp4'))).toEqual([]);
    const saved = await app.reaches(task.id, 'completed');
    expect(saved.saveError).toBeUndefined();
    await expectWhole(app, saved.filePath!, saved.remoteId!);
    const ranges = app.sandbox
      .requests()
      .flatMap(({ operation, headers }) => (operation === 'content' ? [headers.range] : []));
    expect(ranges.find(Boolean)).toMatch(/^bytes=[1-9]\d+-$/);
    expect(videos(app)).toHaveLength(1);
  });

  test('a web page under the video’s address never gets its name', async () => {
    const app = await startApp();
    app.sandbox.fault({ on: 'link', kind: 'html', status: 200 });
    const { task } = await app.make('a fox', REVERSE);
    await eventually(() => app.task(task.id).saveAttempts > 0);
    expect(videos(app).filter((name) => name.endsWith('.mp4'))).toEqual([]);
    const saved = await app.reaches(task.id, 'completed');
    await checkMp4(saved.filePath!);
  });

  test('a link that lapsed is asked for anew', async () => {
    const app = await startApp();
    app.sandbox.fault({ on: 'get', kind: 'expired-link', skip: 0 });
    const { task } = await app.make('a fox', REVERSE);
    const saved = await app.reaches(task.id, 'completed');
    await checkMp4(saved.filePath!);
  });
});

test('a video that an upstream does not find while it restarts is saved when it is up again', async () => {
  let ahead = 0;
  const app = await startApp({ clock: () => Date.now() + ahead });
  app.sandbox.fault({ on: 'content', kind: '500', status: 502, times: 1 });
  const { task } = await app.make('a fox', FORWARDING);
  await eventually(() => app.task(task.id).saveAttempts === 1);
  app.sandbox.fault({ on: 'get', kind: '500', status: 404, times: 4 });
  const saved = await eventually(() => {
    ahead += 15_000;
    app.app.track();
    const now = app.task(task.id);
    return (now.saveState === 'saved' || now.state === 'expired') && now;
  });
  expect(saved).toMatchObject({ state: 'completed', saveState: 'saved', saveAttempts: 5 });
});

test('a video that is gone upstream is expired, with what can still be done', async () => {
  let ahead = 0;
  const app = await startApp({ clock: () => Date.now() + ahead, sandboxOptions: { linkMs: 1 } });
  const { task } = await app.make('a fox', REVERSE);
  const gone = await eventually(() => {
    ahead += 15_000;
    app.app.track();
    return app.task(task.id).state === 'expired' && app.task(task.id);
  });
  expect(gone).toMatchObject({ saveState: 'failed', charged: 'yes', spent: 120_000, error: { code: 'link_expired' } });
  expect(gone.error?.hint).toMatch(/make it again with the same request, which costs \$0\.12/);
  expect(app.count('create')).toBe(1);
});

/** A small file system of its own; undefined where this user may not mount one. */
function smallDisk(size: string): string | undefined {
  const dir = tempDir();
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', dir]).status !== 0) return undefined;
  onTestFinished(() => void spawnSync('umount', ['-l', dir]));
  return dir;
}

/** Takes all the space but so many bytes. */
function fill(dir: string, leave: number): string {
  const ballast = join(dir, 'ballast');
  let size = 64 * 1024 * 1024;
  while (size >= 4_096) {
    try {
      writeFileSync(ballast, Buffer.alloc(size, 1), { flag: 'a' });
    } catch {
      size = Math.floor(size / 2);
    }
  }
  const full = statSync(ballast).size;
  writeFileSync(ballast, Buffer.alloc(Math.max(0, full - leave), 1));
  return ballast;
}

describe('the disk', () => {
  test('is full: a clear state, a retry later, no part under the final name; and nothing is sent that cannot be written down', async ({
    skip,
  }) => {
    const dataDir = smallDisk('6m');
    if (!dataDir) return skip('no right to mount');
    let ahead = 0;
    const app = await startApp({
      dataDir,
      clock: () => Date.now() + ahead,
      leaseMs: 1_000,
      sandboxOptions: { jobMs: 700 },
    });
    const { task } = await app.make('a fox', { ...REVERSE, duration: 60 });
    const ballast = fill(dataDir, 40_000);
    await eventually(() => app.logged.some((line) => /saving failed|no space/.test(line)));
    expect(videos(app).filter((name) => name.endsWith('.mp4'))).toEqual([]);
    expect(app.task(task.id)).toMatchObject({ state: expect.stringMatching(/queued|in_progress|completed/) });
    fill(dataDir, 0);
    const refused = await app.make('a hen', REVERSE).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refused).toMatchObject({ code: 'disk_full', charged: 'no', retryable: true });
    expect(app.sandbox.jobs()).toHaveLength(1);
    rmSync(ballast);
    const saved = await eventually(() => {
      ahead += 5_000;
      app.app.track();
      return app.task(task.id).saveState === 'saved' && app.task(task.id);
    });
    await checkMp4(saved.filePath!);
    expect(saved.saveError).toBeUndefined();
    expect(app.sandbox.jobs()).toHaveLength(1);
  });

  test('has something else where the videos should be: a clear state, and a retry when it is gone', async () => {
    let ahead = 0;
    const app = await startApp({ clock: () => Date.now() + ahead });
    rmSync(join(app.dataDir, 'videos'), { recursive: true });
    writeFileSync(join(app.dataDir, 'videos'), 'not a folder');
    const { task } = await app.make('a fox', REVERSE);
    const stuck = await eventually(() => app.task(task.id).saveAttempts > 0 && app.task(task.id));
    expect(stuck).toMatchObject({
      state: 'completed',
      saveState: 'pending',
      saveError: expect.stringMatching(/cannot be read or written/),
    });
    rmSync(join(app.dataDir, 'videos'));
    mkdirSync(join(app.dataDir, 'videos'));
    ahead += 30_000;
    app.app.track();
    const saved = await app.reaches(task.id, 'completed');
    await checkMp4(saved.filePath!);
  });

  test('is read-only: the server says so, and sends nothing', async ({ skip }) => {
    const dataDir = smallDisk('6m');
    if (!dataDir) return skip('no right to mount');
    expect(spawnSync('mount', ['-o', 'remount,ro', dataDir]).status).toBe(0);
    await expect(startApp({ dataDir })).rejects.toMatchObject({
      code: 'store_unavailable',
      hint: expect.stringMatching(/SORA_DATA_DIR/),
    });
  });
});

test('videos that take for ever to fetch keep nobody else from being made, polled or saved', async () => {
  const app = await startApp();
  app.sandbox.fault({ on: 'link', kind: 'slow-body', delayMs: 300_000, times: 3 });
  const slow = await Promise.all([1, 2, 3].map((n) => app.make(`slow ${n}`, REVERSE)));
  await eventually(() => app.count('link') >= 3);
  const quick = await Promise.all(Array.from({ length: 20 }, (_, n) => app.make(`quick ${n}`, REVERSE)));
  await Promise.all(quick.map(({ task }) => app.reaches(task.id, 'completed')));
  for (const { task } of slow) expect(app.task(task.id)).toMatchObject({ state: 'completed', saveState: 'pending' });
});

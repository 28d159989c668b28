import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { manualClock, startTestSandbox } from '../helpers/sandbox.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sora-sandbox-'));
  path = join(folder, 'sandbox.sqlite');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('finds yesterday’s characters and running jobs after a restart', async () => {
  const clock = manualClock();
  const first = await startTestSandbox({ path, clock });
  const source = { video_url: 'https://example.com/x.mp4', name: 'coffee_girl' };
  const { character_id } = (await first.json('POST', '/v1/sora/characters', source)).body;
  const order = { prompt: `@${character_id} waves`, duration: 5 };
  const { task_id } = (await first.json('POST', '/v1/sora/generate', order)).body;
  clock.advance(500);
  await first.close();

  const second = await startTestSandbox({ path, clock });
  expect((await second.json('GET', '/v1/sora/characters')).body.characters).toHaveLength(1);
  const running = (await second.json('GET', `/v1/sora/tasks/${task_id}`)).body;
  expect(running).toMatchObject({ status: 'in_progress' });
  clock.advance(500);
  const { video_url } = (await second.json('GET', `/v1/sora/tasks/${task_id}`)).body;
  expect(new URL(video_url).origin).toBe(second.origin);
  expect((await fetch(video_url)).status).toBe(200);
  await second.close();
});

it('lets two servers work on one file at once', async () => {
  const clock = manualClock();
  const [one, two] = await Promise.all([startTestSandbox({ path, clock }), startTestSandbox({ path, clock })]);
  const order = { prompt: 'rain', seconds: '4', size: '1280x720' };
  const key = { 'idempotency-key': 'same' };
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, i) => (i % 2 ? one : two).json('POST', '/v1/videos', order, key)),
  );
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  const free = await Promise.all(
    Array.from({ length: 10 }, (_, i) => (i % 2 ? one : two).json('POST', '/v1/videos', order)),
  );
  expect(new Set(free.map(({ body }) => body.id)).size).toBe(10);
  expect(one.jobs()).toEqual(two.jobs());
  // A link signed by one is good at the other.
  const { body } = await one.json('POST', '/v1/sora/generate', { prompt: 'rain', duration: 5 });
  clock.advance(1_000);
  const { video_url } = (await one.json('GET', `/v1/sora/tasks/${body.task_id}`)).body;
  expect((await fetch(video_url.replace(one.origin, two.origin))).status).toBe(200);
  await Promise.all([one.close(), two.close()]);
});

it('loses nothing when its process is killed', async () => {
  // Beside the packages, so that the child finds better-sqlite3.
  const script = join('node_modules', '.cache', `sandbox-child-${process.pid}.mjs`);
  await build({
    stdin: {
      contents: `
        import { startSandbox } from './src/sandbox/sandbox.ts';
        const sandbox = await startSandbox({ path: process.argv[2], jobMs: 60_000 });
        process.send(sandbox.baseUrl);`,
      resolveDir: process.cwd(),
      loader: 'ts',
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['better-sqlite3'],
    outfile: script,
    logLevel: 'error',
  });
  const child = fork(script, [path], { execArgv: [] });
  const [baseUrl] = (await once(child, 'message')) as [string];
  const response = await fetch(`${baseUrl}/videos`, {
    method: 'POST',
    headers: { authorization: 'Bearer k', 'content-type': 'application/json' },
    body: JSON.stringify({ prompt: 'rain', seconds: '4', size: '1280x720' }),
  });
  const { id } = (await response.json()) as { id: string };
  child.kill('SIGKILL');
  await once(child, 'exit');
  await rm(script);

  const later = await startTestSandbox({ path, clock: () => Date.now() + 60_000 });
  expect((await later.json('GET', `/v1/videos/${id}`)).body.status).toBe('completed');
  await later.close();
});

it.skipIf(process.platform === 'win32')('keeps what it knows from other users, also in a file of before', async () => {
  const modes = async () => {
    const names = (await readdir(folder)).sort();
    return Promise.all(names.map(async (name) => [name, (await stat(join(folder, name))).mode & 0o777]));
  };
  await writeFile(path, '');
  for (const mode of [0o644, 0o600]) {
    await chmod(path, mode);
    const sandbox = await startTestSandbox({ path });
    await sandbox.json('POST', '/v1/videos', { prompt: 'rain', seconds: '4', size: '1280x720' });
    expect(await modes()).toEqual([
      ['sandbox.sqlite', 0o600],
      ['sandbox.sqlite-shm', 0o600],
      ['sandbox.sqlite-wal', 0o600],
    ]);
    await sandbox.close();
  }
});

it('closes twice without harm, and gives its port back when the file cannot be opened', async () => {
  const sandbox = await startTestSandbox({ path });
  await Promise.all([sandbox.close(), sandbox.close()]);
  await expect(startTestSandbox({ path: join(folder, 'missing', 'x.sqlite') })).rejects.toThrow();
  const other = await startTestSandbox({ path });
  await expect(startTestSandbox({ path, port: other.port })).rejects.toThrow(/EADDRINUSE/);
  await other.close();
});

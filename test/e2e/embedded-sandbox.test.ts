import { rmSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { openApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { backendView } from '../../src/mcp/backend-view.ts';
import { checkMp4 } from '../../src/store/mp4.ts';
import { openStore } from '../../src/store/store.ts';
import { eventually, tempDir } from '../helpers/app.ts';

/** The app of a new user, closed with the test. */
async function openEmbedded(dir: string) {
  const facts = { argv: [], platform: process.platform, home: dir, cwd: dir, now: Date.now() };
  const loaded = await loadConfig({ ...facts, env: { SORA_DATA_DIR: dir } });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const logged: string[] = [];
  const app = await openApp(loaded.config, { log: (line) => void logged.push(line) });
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= app.close();
    return closing;
  };
  onTestFinished(close);
  return { app, services: app.services('local'), logged, close };
}

test('the embedded upstream serves this process only, and callers are not told where it is', async () => {
  const { services } = await openEmbedded(tempDir());
  const { task } = await services.videos.generate({ prompt: 'a fox', duration: 4 });
  expect(task.state).toBe('queued');

  const [report] = services.backends();
  expect(backendView(report!)).toMatchObject({ sandbox: true, origin: undefined });
  const { origin } = report!.profile;
  for (const key of ['sandbox-key', 'sandbox', 'x']) {
    for (const path of ['/__sandbox/requests', '/v1/videos', '/v1/sora/characters']) {
      expect((await fetch(origin + path, { headers: { authorization: `Bearer ${key}` } })).status).toBe(401);
    }
  }
});

test('a video that the last process had the link of is saved by the next, at once and from where it is now', async () => {
  const dir = tempDir();
  const first = await openEmbedded(dir);
  const { task } = await first.services.videos.generate({ prompt: 'a fox', duration: 4, backend: 'sandbox-reverse' });
  first.app.track();
  const store = openStore({ dataDir: dir, clock: Date.now });
  onTestFinished(() => store.close());
  const saved = () => {
    const now = store.tasks.byId(task.id)!;
    return now.saveState === 'saved' && now;
  };
  const before = await eventually(saved);
  await first.close();
  // As it was when the link was written and the file was not there yet, at a port that no later process gets.
  rmSync(before.filePath!);
  const unsaved = { saveState: 'pending', filePath: undefined, fileBytes: undefined } as const;
  const videoUrl = before.videoUrl!.replace(/:\d+\//, ':1/');
  store.tasks.update(task.id, { ...unsaved, videoUrl, nextPollAt: Date.now() });

  const second = await openEmbedded(dir);
  second.app.track();
  const after = await eventually(saved);
  expect(after.saveAttempts).toBe(0);
  expect(second.logged).toEqual([]);
  const reverse = second.services.backends().find(({ profile }) => profile.id === 'sandbox-reverse')!;
  expect(new URL(after.videoUrl!).origin).toBe(reverse.profile.origin);
  await checkMp4(after.filePath!);
});

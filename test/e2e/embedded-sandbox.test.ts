import { expect, onTestFinished, test } from 'vitest';
import { openApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { backendView } from '../../src/mcp/backend-view.ts';
import { tempDir } from '../helpers/app.ts';

test('the embedded upstream serves this process only, and callers are not told where it is', async () => {
  const dir = tempDir();
  const facts = { argv: [], platform: process.platform, home: dir, cwd: dir, now: Date.now() };
  const loaded = await loadConfig({ ...facts, env: { SORA_DATA_DIR: dir } });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const app = await openApp(loaded.config, { log: () => {} });
  onTestFinished(() => app.close());
  const services = app.services('local');
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

import { expect, onTestFinished, test } from 'vitest';
import { withBackends } from '../../src/app.ts';
import { diagnose } from '../../src/cli/doctor.ts';
import { loadConfig } from '../../src/config.ts';
import { backendView } from '../../src/mcp/backend-view.ts';
import { startUpstream } from '../contract/upstream.ts';
import { aBackend, failure, startApp, tempDir } from '../helpers/app.ts';

/** Makes videos at /v1 only; all else was switched off. */
async function moved() {
  const upstream = await startUpstream(({ method, path }) => {
    if (!path.startsWith('/v1/')) return { status: 410, body: { error: { message: 'switched off' } } };
    if (path.startsWith('/v1/models')) return { body: { data: [{ id: 'sora-2' }] } };
    return { body: { id: 'video_1', status: method === 'POST' ? 'queued' : 'in_progress' } };
  });
  onTestFinished(upstream.close);
  const creates = () => upstream.requests.filter(({ method }) => method === 'POST').length;
  return { upstream, creates };
}

async function server(dataDir: string, baseUrl: string, dialect = 'openai') {
  const backends = [aBackend('forwarding', baseUrl, { dialect })];
  return await startApp({ dataDir, backends, track: false });
}

test('what was learned of a wrong address does not outlive its correction', async () => {
  const { upstream, creates } = await moved();
  const dataDir = tempDir();
  const wrong = await server(dataDir, `${upstream.origin}/old`);
  expect(await failure(wrong.make('a cat'))).toMatchObject({ code: 'backend_gone', charged: 'no' });
  await wrong.close();

  const again = await server(dataDir, `${upstream.origin}/old`);
  await failure(again.make('a cat'));
  await again.close();
  expect(creates(), 'it is believed after a restart').toBe(1);

  const other = await server(dataDir, `${upstream.origin}/old`, 'sglang');
  await failure(other.make('a cat'));
  await other.close();
  expect(creates(), 'another dialect is tried').toBe(2);

  const corrected = await server(dataDir, `${upstream.origin}/v1`);
  expect((await corrected.make('a cat')).task.state).toBe('queued');
  expect(creates()).toBe(3);
});

test('a default model that is not there: what is dearer is named, not taken, and the backend’s resource tells', async () => {
  const upstream = await startUpstream(() => ({
    status: 400,
    body: { error: { code: 'model_not_found', message: 'no such model' } },
  }));
  onTestFinished(upstream.close);
  const app = await server(tempDir(), `${upstream.origin}/v1`);
  expect(await failure(app.make('a cat'))).toMatchObject({ charged: 'no' });
  const refusal = await failure(app.make('a cat'));
  expect(refusal).toMatchObject({ code: 'model_retired', details: { models: ['sora-2-pro'] } });
  expect(refusal.hint).toContain('sora-2-pro costs $1.20');
  expect(upstream.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
  const { models } = backendView(app.services.backends()[0]!);
  expect(models).toMatchObject([
    { id: 'sora-2', gone_until: expect.stringMatching(/^20.*Z$/) },
    { id: 'sora-2-pro', gone_until: undefined },
  ]);
});

test('doctor knows what is remembered', async () => {
  const { upstream } = await moved();
  const dataDir = tempDir();
  const wrong = await server(dataDir, `${upstream.origin}/old`);
  await failure(wrong.make('a cat'));
  await wrong.close();
  const doctor = async (path: string) => {
    const env = { SORA_DATA_DIR: dataDir, SORA_FORWARDING_BASE_URL: `${upstream.origin}${path}` };
    const place = { platform: process.platform, home: dataDir, cwd: dataDir, now: Date.now() };
    const loaded = await loadConfig({ ...place, argv: ['doctor'], env });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    return await withBackends(loaded.config, ([backend]) => diagnose(backend!));
  };
  const found = await doctor('/old');
  expect(found).toMatchObject({ verdict: 'unusable', goneUntil: expect.stringMatching(/^20\d\d-.*Z$/) });
  expect(found.todo.join(' ')).toContain(`Nothing is created there before ${found.goneUntil}`);
  expect(await doctor('/v1')).toMatchObject({ verdict: 'usable', goneUntil: undefined });
});

test('an end that was announced is told after a restart, before anything was asked', async () => {
  const upstream = await startUpstream(({ method }) => ({
    headers: { sunset: 'Tue, 01 Jan 2030 00:00:00 GMT' },
    body: { id: 'video_1', status: method === 'POST' ? 'queued' : 'in_progress' },
  }));
  onTestFinished(upstream.close);
  const dataDir = tempDir();
  const first = await server(dataDir, `${upstream.origin}/v1`);
  await first.make('a cat');
  await first.close();
  const again = await server(dataDir, `${upstream.origin}/v1`);
  expect(again.services.backends()[0]).toMatchObject({ health: 'up', reason: 'announced to end on 2030-01-01' });
  expect(upstream.requests).toHaveLength(1);
});

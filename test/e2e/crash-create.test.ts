import { afterAll, beforeAll, test } from 'vitest';
import { bundleServer, eventually, openScene } from '../helpers/crash.ts';
let bundle: Awaited<ReturnType<typeof bundleServer>>;
beforeAll(async () => { bundle = await bundleServer(); });
afterAll(() => bundle.remove());
test('smoke', async () => {
  const scene = await openScene(bundle.file);
  const t0 = performance.now();
  const app = await scene.start({ stepsFile: '/tmp/steps.txt' });
  console.log('started', performance.now() - t0);
  const told = await app.call('generate_video', { prompt: 'a fox', backend: 'forwarding', idempotency_key: 'k1' });
  console.log(performance.now() - t0, told);
  const done = await eventually(async () => { const t = await app.call('get_task', { task_id: told.data.task_id }); return t.data.file_path !== undefined && t; });
  console.log(performance.now() - t0, done, app.stderr());
  await app.leave();
  console.log(performance.now() - t0);
  await scene.close();
});

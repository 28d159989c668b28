import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { AppProcess } from '../helpers/app-process.ts';
import { bundleServer, eventually, openScene, type Scene, watchSteps } from '../helpers/crash.ts';
import { type Flow, killAtEveryStep, wantVideo } from '../helpers/crash-matrix.ts';

let bundle: Awaited<ReturnType<typeof bundleServer>>;
beforeAll(async () => {
  bundle = await bundleServer();
});
afterAll(() => bundle.remove());

const fox = { prompt: 'a fox in the snow', backend: 'forwarding', idempotency_key: 'fox-1' };
const hen = { prompt: 'a hen in the rain', backend: 'forwarding', idempotency_key: 'hen-1' };
const girl = { name: 'Coffee Girl', video_url: 'https://example.invalid/girl.mp4', rights_confirmed: true };

function allSaved(scene: Scene, count: number): void {
  const tasks = scene.look((store) => store.tasks.page({ workspace: 'local', limit: 100 }).items);
  expect(tasks.map((task) => [task.state, task.saveState])).toEqual(Array(count).fill(['completed', 'saved']));
  expect(scene.files().filter((name) => name.endsWith('.mp4'))).toHaveLength(count);
  expect(scene.sandbox.jobs()).toHaveLength(count);
}

/** What the agent sees of the character once it is no longer being made; undefined until then. */
async function girlIn(app: AppProcess): Promise<'ready' | 'free' | undefined> {
  const told = await app.call('create_character', { ...girl, backend: 'reverse' });
  if (told.ok) return 'free';
  return told.error.code === 'handle_taken' ? 'ready' : undefined;
}

const FLOWS: Readonly<Record<string, Flow & { readonly has: readonly string[] }>> = {
  'polls by list': {
    has: ['poll:listed', 'poll:list-written'],
    // By the time the next server looks, both are due.
    prepare: async (scene) => {
      const app = await scene.start({ killAt: 'create:bound', killNth: 2 });
      for (const args of [fox, hen]) app.call('generate_video', args).catch(() => {});
      await app.ended;
    },
    sandbox: { jobMs: 3_000 },
    spec: { limits: { usualJobMs: 3_000 } },
    ask: async (app) => void (await Promise.all([wantVideo(app, fox), wantVideo(app, hen)])),
    judge: (scene) => allSaved(scene, 2),
  },
  'polls that get no answer': {
    has: ['poll:silent', 'poll:silence-written'],
    prepare: ({ sandbox }) => sandbox.fault({ on: 'get', kind: '500', times: 3 }),
    ask: async (app) => void (await wantVideo(app, fox)),
    judge: (scene) => allSaved(scene, 1),
  },
  'a download that breaks off': {
    has: ['save:failed', 'save:failure-written', 'save:checked'],
    prepare: ({ sandbox }) => sandbox.fault({ on: 'content', kind: 'truncate' }),
    ask: async (app) => void (await wantVideo(app, fox)),
    judge: (scene) => allSaved(scene, 1),
  },
  'the making of a character': {
    has: ['character:intending', 'character:intent-written', 'character:answered', 'character:bound'],
    ask: async (app) => void (await girlIn(app)),
    judge: async (scene, step) => {
      // A dead process's create is given up for lost after minutes.
      const app = await scene.start({ clockOffsetMs: 10 * 60_000, uptimeSpeed: 10_000 });
      await eventually(async () => {
        await app.call('list_characters', { refresh: true });
        return (await girlIn(app)) === 'ready';
      });
      const made = scene.sandbox.characters();
      // Where the create was never sent, the agent's second one made it.
      expect(made, step).toHaveLength(1);
      const listed = (await app.call('list_characters', { refresh: true })).data.characters as { handle: string }[];
      expect(listed.map(({ handle }) => handle)).toEqual(['coffee_girl']);
    },
  },
};

describe('killed at every step of', () => {
  test.each(Object.entries(FLOWS))('%s', { timeout: 300_000 }, async (_, flow) => {
    const { steps, wrong } = await killAtEveryStep(bundle.file, { ...flow, only: flow.has });
    expect(wrong).toEqual([]);
    expect(steps).toEqual(expect.arrayContaining([...flow.has]));
  });
});

test('killed while the request is out, and after the upstream took it: the job is found, and none is made anew', async () => {
  const scene = await openScene(bundle.file, { idempotency: false });
  onTestFinished(() => scene.close());
  scene.sandbox.fault({ on: 'create', kind: 'hang-after' });
  const first = await scene.start();
  first.call('generate_video', fox).catch(() => {});
  await eventually(() => scene.sandbox.jobs().length === 1);
  await first.kill();
  const second = await scene.start();
  expect((await wantVideo(second, fox)).status).toBe('completed');
  allSaved(scene, 1);
});

test('killed in the middle of a download: the next server fetches the video, and the name is never that of a part', async () => {
  const scene = await openScene(bundle.file);
  onTestFinished(() => scene.close());
  scene.sandbox.fault({ on: 'content', kind: 'slow-body', delayMs: 600_000 });
  const steps = watchSteps(scene);
  const first = await scene.start({ stepsFile: steps.stepsFile });
  const asked = wantVideo(first, fox).catch(() => {});
  await eventually(() => steps.reached('save:flowing'));
  await first.kill();
  await asked;
  expect(scene.files().filter((name) => name.endsWith('.mp4'))).toEqual([]);
  expect(scene.files().filter((name) => name.endsWith('.part'))).toHaveLength(1);
  const second = await scene.start();
  expect((await wantVideo(second, fox)).status).toBe('completed');
  expect(scene.files().filter((name) => name.endsWith('.mp4'))).toHaveLength(1);
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleServer, type Scene } from '../helpers/crash.ts';
import { type Flow, killAtEveryStep, wantVideo } from '../helpers/crash-matrix.ts';

let bundle: Awaited<ReturnType<typeof bundleServer>>;
beforeAll(async () => {
  bundle = await bundleServer();
});
afterAll(() => bundle.remove());

const BUDGET = { SORA_BUDGET_USD_DAY: '0.50' };
const forwarding = { prompt: 'a fox in the snow', backend: 'forwarding', idempotency_key: 'fox-1' };
const reverse = { prompt: 'a fox in the snow', backend: 'reverse', idempotency_key: 'fox-1' };

/** One task, at most one job, and a ledger that agrees with both. */
function soundBooks(scene: Scene, price: number): string {
  return scene.look((store) => {
    const tasks = store.tasks.page({ workspace: 'local', limit: 100 }).items;
    expect(tasks).toHaveLength(1);
    const [task] = tasks;
    const jobs = scene.sandbox.jobs();
    expect(jobs.length).toBeLessThanOrEqual(1);
    const held = store.ledger.held(task!.id);
    // What was spent was spent on the day of the last news.
    const { day } = store.ledger.summary('local', task!.heardAt ?? Date.now());
    switch (task!.state) {
      case 'completed':
        expect(task!.remoteId).toBe(jobs[0]?.id);
        expect({ held, used: day.used, spent: task!.spent }).toEqual({ held: undefined, used: price, spent: price });
        break;
      case 'unknown':
        expect({ held, used: day.used, charged: task!.charged }).toEqual({
          held: price,
          used: price,
          charged: 'unknown',
        });
        expect(task!.error?.hint).toMatch(/Do not submit it again/);
        break;
      case 'failed':
        expect({ held, used: day.used, charged: task!.charged }).toEqual({ held: undefined, used: 0, charged: 'no' });
        expect(jobs).toEqual([]);
        break;
      default:
        throw new Error(`it stands at ${task!.state}`);
    }
    return task!.state;
  });
}

const FLOWS: Readonly<Record<string, Flow & { readonly has: readonly string[] }>> = {
  'a create where jobs can be listed, its polls and its download': {
    has: [
      'create:reserved',
      'create:intent-written',
      'create:answered',
      'create:bound',
      'poll:written',
      'save:flowing',
    ],
    env: BUDGET,
    ask: async (app) => void (await wantVideo(app, forwarding)),
    judge: (scene, step) => {
      const end = soundBooks(scene, 400_000);
      // Nothing left before this step's next one, and only after minutes may that be said.
      expect(end).toBe(step === 'create:intent-written' ? 'unknown' : 'completed');
    },
  },
  'a create where jobs cannot be listed': {
    has: ['create:reserved', 'create:intent-written', 'create:answered', 'create:bound'],
    env: BUDGET,
    ask: async (app) => void (await wantVideo(app, reverse)),
    judge: (scene, step) => {
      const lost = step === 'create:intent-written' || step === 'create:answered';
      expect(soundBooks(scene, 120_000)).toBe(lost ? 'unknown' : 'completed');
    },
  },
  'a create that is turned away at first': {
    has: ['create:turned-away', 'create:turn-written'],
    env: BUDGET,
    prepare: ({ sandbox }) => sandbox.fault({ on: 'create', kind: '429', retryAfter: 1 }),
    ask: async (app) => void (await wantVideo(app, forwarding)),
    judge: (scene, step) => {
      const lost = step === 'create:intent-written' || step === 'create:turned-away';
      expect(soundBooks(scene, 400_000)).toBe(lost ? 'unknown' : 'completed');
    },
  },
  'a create that goes to the other backend': {
    has: ['create:failing-over', 'create:failed-over'],
    env: BUDGET,
    prepare: ({ sandbox }) => sandbox.fault({ on: 'create', kind: '503' }),
    ask: async (app) => void (await wantVideo(app, { prompt: 'a fox in the snow', idempotency_key: 'fox-1' })),
    judge: (scene, step) => {
      const backend = scene.look((store) => store.tasks.latest('local', 1)[0]!.backend);
      const lost = ['create:intent-written', 'create:failing-over'].includes(step ?? '');
      expect(soundBooks(scene, backend === 'reverse' ? 120_000 : 400_000)).toBe(lost ? 'unknown' : 'completed');
    },
  },
  'a create that is refused': {
    has: ['create:refused', 'create:refusal-written'],
    env: BUDGET,
    prepare: ({ sandbox }) => sandbox.fault({ on: 'create', kind: 'refuse', times: 9 }),
    ask: async (app) => void (await wantVideo(app, forwarding)),
    judge: (scene, step) => {
      const lost = step === 'create:intent-written' || step === 'create:refused';
      expect(soundBooks(scene, 400_000)).toBe(lost ? 'unknown' : 'failed');
    },
  },
  'a create whose answer is lost': {
    has: ['create:lost', 'create:lost-written', 'reconcile:listed', 'reconcile:written'],
    env: BUDGET,
    prepare: ({ sandbox }) => sandbox.fault({ on: 'create', kind: 'drop-after' }),
    ask: async (app) => void (await wantVideo(app, forwarding)),
    judge: (scene, step) => {
      expect(soundBooks(scene, 400_000)).toBe(step === 'create:intent-written' ? 'unknown' : 'completed');
    },
  },
};

describe('killed at every step of', () => {
  const seen = new Set<string>();
  test.each(Object.entries(FLOWS))('%s', { timeout: 300_000 }, async (_, flow) => {
    const known = new Set([...seen].filter((step) => !flow.has.includes(step)));
    const { steps, wrong } = await killAtEveryStep(bundle.file, { ...flow, known });
    expect(wrong).toEqual([]);
    expect(steps).toEqual(expect.arrayContaining([...flow.has]));
    for (const step of steps) seen.add(step);
  });
});

import { describe, expect, test } from 'vitest';
import { withBackends } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { statusView } from '../../src/mcp/task-views.ts';
import { aBackend, aSandbox, eventually, failure, startApp, tempDir } from '../helpers/app.ts';
import { scenesOfOneBundle } from '../helpers/crash.ts';

const clip = { name: 'Hero', videoUrl: 'https://example.invalid/hero.mp4', rightsConfirmed: true };

/** As the environment names them: by route, whatever gateway it is. */
async function gateways() {
  const [one, other] = [await aSandbox(), await aSandbox()];
  const dataDir = tempDir();
  const at = async (sandbox: typeof one, more: object = {}) => {
    const backends = (['forwarding', 'reverse'] as const).map((route) =>
      aBackend(route, sandbox.baseUrl, { idImplied: true }),
    );
    return await startApp({ sandbox, dataDir, backends, ...more });
  };
  return { one, other, at };
}

describe('one data directory, and the environment names another gateway', () => {
  test('a job whose answer was lost is not looked for there, and not given up', async () => {
    const { one, other, at } = await gateways();
    one.fault({ on: 'create', kind: 'drop-after' });
    const first = await at(one, { track: false });
    const { task } = await first.make('a fox', { backend: 'forwarding', idempotencyKey: 'k' });
    expect(task).toMatchObject({ state: 'unknown', backend: 'forwarding' });
    await first.close();

    let ahead = 0;
    const second = await at(other, { clock: () => Date.now() + ahead, uptime: () => ahead });
    // Its own jobs go on meanwhile, under a name of their own.
    const own = await second.make('a hen', { backend: 'forwarding' });
    expect(own.task.backend).toBe('forwarding.2');
    await eventually(() => {
      ahead += 60_000;
      second.app.track();
      return ahead > 1_800_000 && second.task(own.task.id).saveState === 'saved';
    });
    expect(second.task(task.id)).toMatchObject({ state: 'unknown', charged: 'unknown' });
    const report = await second.services.tasks.get(task.id);
    expect(report).toMatchObject({ unfollowed: true, nextPollSeconds: undefined });
    expect(statusView(report).hint).toContain('not configured here');
    await second.close();

    const again = await at(one);
    expect(await again.reaches(task.id, 'completed')).toMatchObject({ charged: 'yes', backend: 'forwarding' });
    expect(one.jobs()).toHaveLength(1);
  });

  test('what was lost for a day counts as spent on one, once, though nobody can look for it', async () => {
    const { one, other, at } = await gateways();
    const toNoon = Date.UTC(2026, 10, 22, 12) - Date.now();
    const onDay = (day: number) => () => Date.now() + toNoon + day * 86_400_000;
    one.fault({ on: 'create', kind: 'drop-after' });
    one.fault({ on: 'character-create', kind: 'drop-after' });
    const first = await at(one, { track: false, clock: onDay(0) });
    const { task } = await first.make('a fox', { backend: 'reverse' });
    await failure(first.services.characters.create({ ...clip, backend: 'reverse' }));
    const [binding] = first.store.characters.byHandle('local', 'hero')!.bindings;
    expect([task.state, binding?.state]).toEqual(['unknown', 'unknown']);
    const held = first.store.ledger.summary('local', onDay(0)()).reserved;
    expect(held).toBeGreaterThan(0);
    await first.close();

    for (const day of [1.1, 3]) {
      const clock = onDay(day);
      const second = await at(other, { clock });
      const summary = () => second.store.ledger.summary('local', clock());
      await eventually(() => summary().reserved === 0);
      expect(summary().day.used).toBe(day === 3 ? 0 : held);
      expect(second.task(task.id)).toMatchObject({ state: 'unknown', spent: task.quoted });
      await second.close();
    }
  });

  test('a character is not taken for one of that gateway, and can be made there too', async () => {
    const { one, other, at } = await gateways();
    const first = await at(one);
    await first.services.characters.create({ ...clip, backend: 'reverse' });
    await first.close();

    const second = await at(other);
    const refusal = await failure(second.make('@hero runs', { backend: 'reverse' }));
    expect(refusal).toMatchObject({ field: 'characters', charged: 'no' });
    expect(refusal.message).toContain('reverse.2');
    expect(second.count('create')).toBe(0);
    const { characters } = second.services;
    const { bindings } = await characters.create({ ...clip, backend: 'reverse' });
    expect(bindings.map(({ backend, state }) => [backend, state]).sort()).toEqual([
      ['reverse', 'ready'],
      ['reverse.2', 'ready'],
    ]);
    const { task } = await second.make('@hero runs', { backend: 'reverse' });
    const [job] = other.jobs();
    expect(task.sentPrompt).toContain(bindings.find(({ backend }) => backend === 'reverse.2')?.mention);
    expect(job?.prompt).toBe(task.sentPrompt);
    expect((await characters.list({ backend: 'reverse' })).characters).toHaveLength(1);
    await second.close();

    const back = await at(one);
    expect((await back.make('@hero runs')).task.backend).toBe('reverse');
  });
});

test('an address that is spelled another way is the same gateway, and doctor calls each what the server does', async () => {
  const { one, other, at } = await gateways();
  await (await at(one, { track: false })).close();
  const second = await at(other, { track: false });
  expect(second.logged).toContain('this data directory knows another gateway as reverse; this one is reverse.2');
  await second.close();
  const names = async (baseUrl: string) => {
    const env = { SORA_DATA_DIR: second.dataDir, SORA_BASE_URL: baseUrl };
    const place = { platform: process.platform, home: second.dataDir, cwd: second.dataDir, now: Date.now() };
    const loaded = await loadConfig({ ...place, argv: ['doctor'], env });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    return await withBackends(loaded.config, async (backends) => backends.map(({ profile }) => profile.id));
  };
  expect(await names(one.baseUrl.replace('127.0.0.1', 'localhost'))).toEqual(['forwarding', 'reverse']);
  expect(await names(other.baseUrl.replace('http:', 'https:'))).toEqual(['forwarding.2', 'reverse.2']);
  expect(await names('https://never.example/v1')).toEqual(['forwarding', 'reverse']);
});

const open = scenesOfOneBundle();

test('two servers on two gateways leave each other’s jobs alone', async () => {
  const scene = await open({ jobMs: 1_000 });
  const other = await aSandbox({ jobMs: 1_000 });
  const limits = { minPollMs: 50, usualJobMs: 10_000 };
  const first = await scene.start({ limits });
  const second = await scene.start({ limits }, { SORA_BASE_URL: other.baseUrl });
  const ours = await first.call('generate_video', { prompt: 'a fox', backend: 'reverse' });
  const theirs = await second.call('generate_video', { prompt: 'a hen', backend: 'reverse' });
  expect([ours.data.backend, theirs.data.backend].sort()).toEqual(['reverse', 'reverse.2']);
  const saved = () => scene.look((store) => store.tasks.latest('local', 9)).filter((task) => task.filePath);
  await eventually(() => saved().length === 2);
  for (const sandbox of [scene.sandbox, other]) {
    const [job, ...more] = sandbox.jobs();
    expect(more).toEqual([]);
    const gets = sandbox.requests().filter(({ operation }) => operation === 'get');
    expect(gets.filter(({ path }) => !path.includes(job!.id))).toEqual([]);
  }
});

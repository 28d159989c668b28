import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/sandbox.ts';
import { type Answer, connect, tempDir } from '../helpers/server.ts';

const KEY = 'sk-gateway-key-8871';

async function gateway(options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await startSandbox({ jobMs: 300, key: KEY, ...options });
  onTestFinished(() => sandbox.close());
  return sandbox;
}

const oneKey = (sandbox: Sandbox) => ({ SORA_BASE_URL: sandbox.baseUrl, SORA_API_KEY: KEY });

/** The same two backends by file, told that jobs are quick here; else they are polled as the minutes that they take. */
function quick(dir: string, urls: Record<'forwarding' | 'reverse', string>): Record<string, string> {
  const limits = { min_poll_seconds: 0.1, usual_job_seconds: 0.3 };
  const backends = [
    { id: 'forwarding', route: 'forwarding', dialect: 'openai', base_url: urls.forwarding, api_key_env: 'KEY', limits },
    { id: 'reverse', route: 'reverse', dialect: 'seed', base_url: urls.reverse, api_key_env: 'KEY', limits },
  ];
  const path = join(dir, 'config.json');
  writeFileSync(path, JSON.stringify({ backends }));
  return { SORA_CONFIG: path, KEY };
}

const bothAt = (sandbox: Sandbox) => ({ forwarding: sandbox.baseUrl, reverse: sandbox.baseUrl });
const girl = { name: 'Coffee Girl', video_url: 'https://example.invalid/girl.mp4', rights_confirmed: true };

const DAY_MS = 86_400_000;

/** A day's budget begins anew at midnight (UTC): one that is near is waited out. */
async function clearOfMidnight(): Promise<void> {
  const left = DAY_MS - (Date.now() % DAY_MS);
  if (left < 60_000) await sleep(left);
}

const created = (sandbox: Sandbox) => sandbox.requests().filter(({ operation }) => operation === 'create');

describe('one gateway, one key, both routes', () => {
  test('cost goes reverse, stability goes forwarding, each to the letter of its protocol', async () => {
    const sandbox = await gateway();
    const server = await connect(tempDir(), oneKey(sandbox));
    const cheap = await server.call('generate_video', { prompt: 'a fox', duration: 10 });
    expect(cheap).toMatchObject({ route: 'reverse', backend: 'reverse', cost_usd: 0.12 });
    const stable = await server.call('generate_video', { prompt: 'a fox', duration: 7, priority: 'stability' });
    expect(stable).toMatchObject({
      route: 'forwarding',
      backend: 'forwarding',
      model: 'sora-2',
      seconds: 8,
      cost_usd: 0.8,
    });
    expect(stable.reasons).toEqual(expect.arrayContaining([expect.stringMatching(/7 s is made as 8 s/)]));
    const [seed, openai] = created(sandbox);
    expect(seed).toMatchObject({ path: '/v1/sora/generate', body: { prompt: 'a fox', duration: 10 } });
    expect(openai).toMatchObject({
      path: '/v1/videos',
      body: { prompt: 'a fox', model: 'sora-2', seconds: '8', size: '720x1280' },
    });
    expect(seed?.headers['idempotency-key']).toMatch(/^send_/);
  });

  test('a character pins its backend; bound to the other one too, priority decides', async () => {
    const sandbox = await gateway({ checkUploads: false });
    const dir = tempDir();
    const server = await connect(dir, quick(dir, bothAt(sandbox)));
    await server.call('create_character', girl);
    const pinned = await server.call('generate_video', { prompt: '@coffee_girl runs', priority: 'stability' });
    expect(pinned).toMatchObject({ route: 'reverse' });
    const [request] = created(sandbox);
    expect(request?.body).toMatchObject({ prompt: expect.stringMatching(/^@char_\w+ runs$/) });
    // The video's own file serves as the clip of the other route, which wants an upload.
    const clip = await server.call('generate_video', {
      prompt: 'a girl',
      duration: 4,
      size: '720x1280',
      priority: 'stability',
    });
    const { file_path } = await server.finish(String(clip.task_id));
    const handle = { ...girl, name: 'Sea Girl', video_url: undefined, file_path, backend: 'forwarding' };
    const { character } = (await server.call('create_character', handle)) as { character: Answer };
    expect(character.bindings).toMatchObject([{ route: 'forwarding', mention: 'Sea Girl' }]);
    const named = await server.call('generate_video', { prompt: '@sea_girl swims', duration: 4 });
    expect(named).toMatchObject({ route: 'forwarding' });
    expect(created(sandbox).at(-1)?.body).toMatchObject({
      prompt: 'Sea Girl swims',
      characters: [{ id: expect.stringMatching(/^fchar_/) }],
    });
  });

  test('mentions by handle, our id, remote id and list mean the same', async () => {
    const sandbox = await gateway();
    const server = await connect(tempDir(), oneKey(sandbox));
    const { character } = (await server.call('create_character', girl)) as {
      character: { id: string; bindings: { remote_id: string }[] };
    };
    const remote = character.bindings[0]!.remote_id;
    for (const name of ['coffee_girl', character.id, remote]) {
      await server.call('generate_video', { prompt: `@${name} waves` });
      await server.call('generate_video', { prompt: 'waves', characters: [name] });
      await server.call('generate_video', { prompt: 'waves', characters: [`@${name}`] });
    }
    const prompts = created(sandbox).map(({ body }) => (body as { prompt: string }).prompt);
    expect(prompts).toEqual(Array.from({ length: 9 }, () => `@${remote} waves`));
  });

  test('refresh adopts what the gateway has and the catalog did not know', async () => {
    const sandbox = await gateway();
    const one = await connect(tempDir(), oneKey(sandbox));
    await one.call('create_character', girl);
    const other = await connect(tempDir(), oneKey(sandbox));
    const { characters } = (await other.call('list_characters', { refresh: true })) as { characters: Answer[] };
    expect(characters).toMatchObject([{ name: 'Coffee Girl', bindings: [{ backend: 'reverse' }] }]);
    expect(await other.call('generate_video', { prompt: '@coffee_girl sits' })).toMatchObject({ route: 'reverse' });
  });

  test('fails over before a job exists, and says so', async () => {
    const sandbox = await gateway();
    const dir = tempDir();
    const server = await connect(dir, quick(dir, { ...bothAt(sandbox), reverse: 'http://127.0.0.1:9/v1' }));
    const started = await server.call('generate_video', { prompt: 'a fox', duration: 4 });
    expect(started).toMatchObject({ route: 'forwarding', cost_usd: 0.4 });
    expect(started.reasons).toEqual(expect.arrayContaining([expect.stringMatching(/reverse did not take it/)]));
    expect(await server.finish(String(started.task_id))).toMatchObject({ status: 'completed', cost_usd: 0.4 });
  });

  test('a refused create fails with the reason, and nothing is charged', async () => {
    const sandbox = await gateway();
    sandbox.fault({ on: 'create', kind: 'refuse' });
    const server = await connect(tempDir(), { SORA_REVERSE_BASE_URL: sandbox.baseUrl, SORA_REVERSE_API_KEY: KEY });
    const error = await server.fail('generate_video', { prompt: 'a fox' });
    expect(error).toMatchObject({ code: 'moderation_blocked', charged: 'no', retryable: false });
    expect(created(sandbox)).toHaveLength(1);
  });

  test('a job that fails says why, and its hold is released', async () => {
    await clearOfMidnight();
    const sandbox = await gateway();
    const dir = tempDir();
    const server = await connect(dir, { ...quick(dir, bothAt(sandbox)), SORA_BUDGET_USD_DAY: '0.12' });
    const started = await server.call('generate_video', { prompt: 'a fox [fail]' });
    const failed = await server.finish(String(started.task_id));
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'moderation_blocked' } });
    expect(await server.call('generate_video', { prompt: 'a fox' })).toMatchObject({ cost_usd: 0.12 });
    expect(await server.fail('generate_video', { prompt: 'a fox' })).toMatchObject({ code: 'budget_exceeded' });
  });
});

describe('every figure of the price table, offline', () => {
  const env = { SORA_BASE_URL: 'https://gateway.example/v1', SORA_API_KEY: KEY };

  test('by length', async () => {
    const server = await connect(tempDir(), env);
    const table = { 5: [0.5, 2.5, 0.12], 10: [1, 5, 0.12], 20: [2, 10, 0.12] } as const;
    for (const [duration, [standard, pro, reverse]] of Object.entries(table)) {
      const { quotes } = (await server.call('estimate_cost', { duration: Number(duration) })) as { quotes: Answer[] };
      const price = (model: string, route: string, size?: string) =>
        quotes.find((each) => each.model === model && each.route === route && each.size_class === size)?.per_video_usd;
      expect(price('sora-2', 'forwarding')).toBe(standard);
      expect(price('sora-2-pro', 'forwarding', '1024p')).toBe(pro);
      expect(price('sora-2', 'reverse')).toBe(reverse);
    }
  });

  test('500 videos of 10 s a month', async () => {
    const server = await connect(tempDir(), env);
    const { quotes, recommended } = (await server.call('estimate_cost', { duration: 10, count: 500 })) as {
      quotes: Answer[];
      recommended: Answer;
    };
    const figures = quotes.map(({ route, model, size_class, monthly_usd, yearly_usd }) => [
      route,
      model,
      size_class,
      monthly_usd,
      yearly_usd,
    ]);
    expect(figures).toEqual(
      expect.arrayContaining([
        ['forwarding', 'sora-2', undefined, 500, 6000],
        ['forwarding', 'sora-2-pro', '720p', 1500, 18000],
        ['forwarding', 'sora-2-pro', '1024p', 2500, 30000],
        ['forwarding', 'sora-2-pro', '1080p', 3500, 42000],
        ['reverse', 'sora-2', undefined, 60, 720],
      ]),
    );
    expect(recommended).toMatchObject({ backend: 'reverse' });
  });
});

test('a service that has ended is refused here, with what to configure instead', async () => {
  const server = await connect(tempDir(), {
    SORA_FORWARDING_BASE_URL: 'https://api.openai.com/v1',
    SORA_FORWARDING_API_KEY: KEY,
  });
  const error = await server.fail('generate_video', { prompt: 'a fox' });
  expect(error).toMatchObject({ charged: 'no', retryable: false });
  expect(JSON.stringify(error)).toMatch(/2026-09-24/);
  expect(JSON.stringify(error)).toMatch(/SGLang|LiteLLM/);
  for (const where of [{}, { backend: 'forwarding' }]) {
    const ofCharacter = await server.fail('create_character', { ...girl, ...where });
    expect(ofCharacter).toMatchObject({ code: 'backend_gone', message: error.message });
    expect(ofCharacter).not.toHaveProperty('hint');
  }
});

test('a model that the upstream does not know is gone for a while, also after a restart, and others go on', async () => {
  const sandbox = await gateway();
  const dir = tempDir();
  const config = {
    backends: [
      {
        id: 'one',
        route: 'forwarding',
        dialect: 'openai',
        base_url: sandbox.baseUrl,
        api_key_env: 'KEY',
        models: ['sora-3', 'sora-2'],
      },
    ],
  };
  const path = join(dir, 'config.json');
  writeFileSync(path, JSON.stringify(config));
  const env = { SORA_CONFIG: path, KEY };
  const first = await connect(dir, env);
  expect(await first.fail('generate_video', { prompt: 'a fox', model: 'sora-3' })).toMatchObject({ charged: 'no' });
  expect(created(sandbox)).toHaveLength(1);
  await first.close();
  const second = await connect(dir, env);
  expect(await second.fail('generate_video', { prompt: 'a fox', model: 'sora-3' })).toMatchObject({
    code: 'model_retired',
  });
  expect(created(sandbox)).toHaveLength(1);
  expect(await second.call('generate_video', { prompt: 'a fox' })).toMatchObject({ model: 'sora-2' });
});

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { NOTHING } from '../../src/domain/money.ts';
import type { Question } from '../../src/services/services.ts';
import { failure, startApp, usd } from '../helpers/app.ts';
import { bundleServer, openScene } from '../helpers/crash.ts';
import type { FakeServices } from '../helpers/fake-services.ts';
import { modern, post, startHttp } from '../helpers/http.ts';

const REVERSE = { backend: 'reverse' };
/** $0.40 on the forwarding backend, $0.12 on the reverse one. */
const ANY = { duration: 4 };
/** Added to the real time it is noon: no day ends while a test spends. */
const TO_NOON = Date.UTC(2026, 10, 22, 12) - Date.now();
const fromNoon = () => Date.now() + TO_NOON;

describe('limits', () => {
  test('a create that would pass the day is refused before it leaves, with what is left and when that renews', async () => {
    const clock = () => Date.UTC(2026, 10, 22, 23, 59);
    const app = await startApp({ budget: usd({ day: 0.3 }), clock, sandboxOptions: { jobMs: 60_000 } });
    await app.make('one', REVERSE);
    await app.make('two', REVERSE);
    const refusal = await failure(app.make('three', REVERSE));
    expect(refusal).toMatchObject({
      code: 'budget_exceeded',
      charged: 'no',
      message: "this costs $0.12, and $0.06 is left of the day's $0.30",
      details: { window: 'day', leftUsd: 0.06, limitUsd: 0.3, renewsAt: '2026-11-23T00:00:00Z' },
    });
    expect(app.count('create')).toBe(2);
    expect(app.services.estimates.spend().summary).toMatchObject({
      day: { used: 240_000, left: 60_000 },
      reserved: 240_000,
    });
  });

  test('the month counts too, and a new day does not renew it', async () => {
    let ahead = TO_NOON;
    const clock = () => Date.now() + ahead;
    const app = await startApp({ budget: usd({ day: 0.2, month: 0.3 }), clock });
    const { task } = await app.make('one', REVERSE);
    await app.reaches(task.id, 'completed');
    ahead += 86_400_000;
    const second = await app.make('two', REVERSE);
    await app.reaches(second.task.id, 'completed');
    ahead += 86_400_000;
    expect((await failure(app.make('three', REVERSE))).details).toMatchObject({
      window: 'month',
      leftUsd: 0.06,
      renewsAt: '2026-12-01T00:00:00Z',
    });
    ahead = Date.UTC(2026, 11, 1) - Date.now();
    await app.make('three', REVERSE);
  });

  test('completion settles, failure releases, and the ledger agrees with the quotes', async () => {
    const app = await startApp({ budget: usd({ day: 1 }), clock: fromNoon, track: false });
    const made = await app.make('a fox', REVERSE);
    const failed = await app.make('a fox [fail]', REVERSE);
    expect(app.store.ledger.summary('local', fromNoon()).reserved).toBe(240_000);
    app.app.track();
    await app.reaches(made.task.id, 'completed');
    await app.reaches(failed.task.id, 'failed');
    const kinds = (id: string) => app.store.ledger.entries(id).map(({ kind, amount }) => [kind, amount]);
    expect(kinds(made.task.id)).toEqual([
      ['reserve', 120_000],
      ['settle', 120_000],
    ]);
    expect(kinds(failed.task.id)).toEqual([
      ['reserve', 120_000],
      ['release', 120_000],
    ]);
    expect(app.task(made.task.id)).toMatchObject({ quoted: 120_000, spent: 120_000, charged: 'yes' });
    expect(app.task(failed.task.id)).toMatchObject({ charged: 'no' });
    const { summary, rows } = app.services.estimates.spend();
    expect(summary).toMatchObject({ day: { used: 120_000 }, reserved: NOTHING });
    expect(rows).toMatchObject([{ backend: 'reverse', project: 'test', videos: 1, spent: 120_000 }]);
  });

  test('one video: the operator’s limit and the caller’s, whichever is lower; a cheaper backend is taken if it fits', async () => {
    const app = await startApp({ budget: usd({ perVideo: 0.2 }) });
    const dear = await failure(app.make('a fox', { backend: 'forwarding' }));
    expect(dear).toMatchObject({ code: 'budget_exceeded', details: { costUsd: 0.4, limitUsd: 0.2 } });
    const lower = await failure(app.make('a fox', { ...REVERSE, maxCostUsd: 0.05 }));
    expect(lower).toMatchObject({ code: 'budget_exceeded', field: 'max_cost_usd', details: { limitUsd: 0.05 } });
    const higher = await failure(app.make('a fox', { backend: 'forwarding', maxCostUsd: 5 }));
    expect(higher.details).toMatchObject({ limitUsd: 0.2 });
    const { task } = await app.make('a fox', { ...ANY, priority: 'stability' });
    expect(task.backend).toBe('reverse');
    expect(app.count('create')).toBe(1);
  });

  test('a fail-over that the budget does not cover is not made, and the first refusal is told', async () => {
    const app = await startApp({ budget: usd({ day: 0.3 }) });
    app.sandbox.fault({ on: 'create', kind: '503' });
    const refusal = await failure(app.make('a fox', ANY));
    expect(refusal).toMatchObject({ code: 'backend_unavailable', charged: 'no', retryable: true });
    expect(app.task(String(refusal.details?.taskId))).toMatchObject({ state: 'failed', backend: 'reverse' });
    expect(app.store.ledger.summary('local', Date.now()).day.used).toBe(0);
    expect(app.count('create')).toBe(1);
  });

  test('a backend without prices is no way around a limit', async () => {
    const app = await startApp({ budget: usd({ day: 5 }), backend: { rates: [] } });
    expect(await failure(app.make('a fox'))).toMatchObject({ code: 'price_unknown', field: 'backend' });
    expect(app.count('create')).toBe(0);
  });
});

describe('a person’s yes', () => {
  const budget = usd({ confirmAbove: 0.1 });

  test('is a token where nobody can be asked: for this request and price, once', async () => {
    let now = Date.now();
    const app = await startApp({ budget, clock: () => now });
    const asked = await failure(app.make('a fox', REVERSE));
    expect(asked).toMatchObject({ code: 'confirmation_required', field: 'confirm', details: { costUsd: 0.12 } });
    const confirm = String(asked.details?.confirm);
    expect(await failure(app.make('a hen', { ...REVERSE, confirm }))).toMatchObject({ code: 'confirmation_required' });
    expect(await failure(app.make('a fox', { backend: 'forwarding', confirm }))).toMatchObject({
      code: 'confirmation_required',
    });
    now += 16 * 60_000;
    expect(await failure(app.make('a fox', { ...REVERSE, confirm }))).toMatchObject({ code: 'confirmation_required' });
    now -= 16 * 60_000;
    expect(app.count('create')).toBe(0);
    const { task } = await app.make('a fox', { ...REVERSE, confirm });
    expect(task.state).toBe('queued');
    // Whoever lost the answer gets the same job, also when the token has run out; for another job it is worth nothing.
    now += 16 * 60_000;
    expect((await app.make('a fox', { ...REVERSE, confirm })).task.id).toBe(task.id);
    now -= 16 * 60_000;
    expect(await failure(app.make('a fox', { ...REVERSE, confirm, idempotencyKey: 'other' }))).toMatchObject({
      code: 'confirmation_required',
    });
    expect(app.count('create')).toBe(1);
  });

  test('is one yes for calls at the same time too', async () => {
    const app = await startApp({ budget });
    const { details } = await failure(app.make('a fox', REVERSE));
    const calls = Array.from({ length: 5 }, () => app.make('a fox', { ...REVERSE, confirm: details?.confirm }));
    const ends = await Promise.allSettled(calls);
    const ids = ends.map((end) => (end.status === 'fulfilled' ? end.value.task.id : 'refused'));
    expect(new Set(ids).size).toBe(1);
    expect(app.count('create')).toBe(1);
  });

  test('is asked for where it can be; no is no, and no answer is none: nobody gets a token', async () => {
    const app = await startApp({ budget });
    const questions: string[] = [];
    const answering = (answer: boolean | undefined) => ({
      confirm: async ({ text }: Question) => {
        questions.push(text);
        return answer;
      },
    });
    const ask = (prompt: string, answer: boolean | undefined) =>
      app.services.videos.generate({ prompt, ...REVERSE }, answering(answer));
    expect(await failure(ask('a fox', false))).toMatchObject({ code: 'confirmation_declined' });
    const silent = await failure(ask('a fox', undefined));
    expect(silent).toMatchObject({ code: 'confirmation_declined', details: undefined });
    expect(app.count('create')).toBe(0);
    await ask('a fox', true);
    expect(app.count('create')).toBe(1);
    expect(questions[0]).toBe('Make a 10 s video on reverse (sora-2) for $0.12? "a fox"');
  });

  test('that comes with a call of its own (2026) buys once, and only what was asked', async () => {
    const app = await startApp({ budget });
    const server = await startHttp({ fakes: { alpha: app.services as FakeServices } });
    onTestFinished(() => server.close());
    const _meta = { 'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } } };
    const ask = async (prompt: string, more = {}) => {
      const args = { prompt, ...REVERSE };
      const { body, headers } = modern('tools/call', { name: 'generate_video', arguments: args, ...more, _meta });
      const response = await post(`${server.url}/mcp`, body, headers);
      return ((await response.json()) as { result: Record<string, unknown> }).result;
    };
    const { requestState } = await ask('a fox');
    const inputResponses = { confirm: { action: 'accept', content: { confirm: true } } };
    const yes = { inputResponses, requestState };
    expect(await ask('a hen', yes)).toHaveProperty('inputRequests');
    expect(await ask('a fox', { inputResponses, requestState: 'x' })).toHaveProperty('inputRequests');
    expect(app.count('create')).toBe(0);
    const asked = await failure(app.make('a fox', { ...REVERSE, confirm: requestState }));
    expect(asked.code).toBe('confirmation_required');
    const answers = await Promise.all([ask('a fox', yes), ask('a fox', yes), ask('a fox', yes)]);
    const made = [...answers, await ask('a fox', yes)].map(({ structuredContent }) => structuredContent);
    expect(new Set(made.map((each) => (each as { task_id: string }).task_id)).size).toBe(1);
    expect(app.count('create')).toBe(1);

    const { requestState: again } = await ask('a fox');
    const cancelled = await ask('a fox', { inputResponses: { confirm: { action: 'cancel' } }, requestState: again });
    expect(cancelled.structuredContent).toMatchObject({ error: { code: 'confirmation_declined' } });
    expect(JSON.stringify(cancelled)).not.toContain('"confirm"');
    expect(await ask('a fox', { inputResponses, requestState: again })).toHaveProperty('inputRequests');
    expect(app.count('create')).toBe(1);
  });

  test('is not needed below the threshold', async () => {
    const app = await startApp({ budget: usd({ confirmAbove: 0.12 }) });
    await app.make('a fox', REVERSE);
  });
});

describe('a person’s yes to a character', () => {
  const dear = { budget: usd({ confirmAbove: 0.1 }), backend: { characterUsd: 0.2 }, clock: fromNoon };
  const girl = { name: 'Girl', videoUrl: 'https://example.invalid/girl.mp4', rightsConfirmed: true, ...REVERSE };

  test('is a token where nobody can be asked, for this character only', async () => {
    const app = await startApp(dear);
    const { characters } = app.services;
    const asked = await failure(characters.create(girl));
    expect(asked).toMatchObject({ code: 'confirmation_required', charged: 'no', details: { costUsd: 0.2 } });
    const confirm = String(asked.details?.confirm);
    for (const other of [{ name: 'Boy' }, { videoUrl: 'https://example.invalid/boy.mp4' }, { description: 'tall' }]) {
      const refused = await failure(characters.create({ ...girl, ...other, confirm }));
      expect(refused, JSON.stringify(other)).toMatchObject({ code: 'confirmation_required' });
    }
    expect(app.count('character-create')).toBe(0);
    expect((await characters.list({})).characters).toEqual([]);
    const ends = await Promise.allSettled([1, 2, 3].map(() => characters.create({ ...girl, confirm })));
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await failure(characters.create({ ...girl, confirm }))).toMatchObject({ field: 'handle' });
    expect(app.count('character-create')).toBe(1);
    expect(app.services.estimates.spend().summary.day.used).toBe(200_000);
  });

  test('goes through the tools', async () => {
    const app = await startApp(dear);
    const server = await startHttp({ fakes: { alpha: app.services as FakeServices } });
    onTestFinished(() => server.close());
    const ask = async (name: string, args: object) => {
      const { body, headers } = modern('tools/call', { name, arguments: { rights_confirmed: true, ...args } });
      const response = await post(`${server.url}/mcp`, body, headers);
      const { result } = (await response.json()) as { result: { structuredContent: Record<string, never> } };
      return result.structuredContent as { character?: unknown; error?: { confirm?: string } };
    };
    const yes = async (name: string, args: object) => {
      const { error } = await ask(name, args);
      expect(error).toMatchObject({ code: 'confirmation_required', cost_usd: 0.2 });
      return await ask(name, { ...args, confirm: error?.confirm });
    };
    const clip = { name: 'Girl', video_url: girl.videoUrl, ...REVERSE };
    expect(await yes('create_character', clip)).toMatchObject({ character: { handle: 'girl' } });
    const { task } = await app.services.videos.generate({ prompt: 'a fox', ...REVERSE }, { confirm: async () => true });
    await app.reaches(task.id, 'completed');
    const fox = { name: 'Fox', task_id: task.id };
    expect(await yes('extract_character', fox)).toMatchObject({ character: { handle: 'fox' } });
  });

  test('is asked for where it can be, of one out of a video too; no is no', async () => {
    const app = await startApp({ ...dear, backend: { ...dear.backend, rates: [] } });
    const questions: string[] = [];
    const answering = (answer: boolean) => ({
      confirm: async ({ text }: Question) => {
        questions.push(text);
        return answer;
      },
    });
    const { task } = await app.services.videos.generate({ prompt: 'a fox', ...REVERSE }, answering(true));
    await app.reaches(task.id, 'completed');
    const fox = { taskId: task.id, name: 'Fox', description: 'red', rightsConfirmed: true };
    const { characters } = app.services;
    expect(await failure(characters.extract(fox, answering(false)))).toMatchObject({ code: 'confirmation_declined' });
    expect((await characters.list({})).characters).toEqual([]);
    expect((await characters.extract(fox, answering(true))).bindings).toMatchObject([{ state: 'ready' }]);
    expect((await characters.create(girl, answering(true))).bindings).toMatchObject([{ state: 'ready' }]);
    expect(questions.slice(2)).toEqual([
      'Make the character "Fox" (@fox) on reverse for $0.20? "red"',
      'Make the character "Girl" (@girl) on reverse for $0.20?',
    ]);
  });
});

describe('over the wire', () => {
  let bundle: Awaited<ReturnType<typeof bundleServer>>;
  beforeAll(async () => {
    bundle = await bundleServer();
  });
  afterAll(() => bundle.remove());

  test('the limits of the environment hold, and a restart forgets no spending', async () => {
    const scene = await openScene(bundle.file);
    onTestFinished(() => scene.close());
    const env = { SORA_BUDGET_USD_DAY: '0.2', SORA_CONFIRM_USD: '0.1' };
    const first = await scene.start({ clockOffsetMs: TO_NOON }, env);
    const asked = await first.call('generate_video', { prompt: 'a fox', ...REVERSE });
    expect(asked.error).toMatchObject({ code: 'confirmation_required', cost_usd: 0.12, charged: 'no' });
    const confirm = asked.error.confirm;
    const made = await first.call('generate_video', { prompt: 'a fox', ...REVERSE, confirm });
    expect(made).toMatchObject({ ok: true, data: { cost_usd: 0.12 } });
    await first.kill();
    const second = await scene.start({ clockOffsetMs: TO_NOON }, { SORA_BUDGET_USD_DAY: '0.2' });
    const refused = await second.call('generate_video', { prompt: 'a hen', ...REVERSE });
    expect(refused.error).toMatchObject({ code: 'budget_exceeded', left_usd: 0.08, window: 'day' });
    expect(scene.sandbox.jobs()).toHaveLength(1);
  });
});

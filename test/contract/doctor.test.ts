import { afterEach, describe, expect, it } from 'vitest';
import { guarded } from '../../src/backends/guarded.ts';
import { diagnose, examine } from '../../src/cli/doctor.ts';
import type { ModelOffer } from '../../src/domain/models.ts';
import { subject } from './subject.ts';
import { type Reply, type Script, startUpstream } from './upstream.ts';

const ended: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

async function facing(script: Script | Reply, changes?: Parameters<typeof subject>[3], now?: number) {
  const upstream = await startUpstream(script);
  const { backend } = subject(upstream.origin, 'openai', {}, changes);
  ended.push(upstream.close, backend.close);
  return { upstream, backend: guarded(backend, { clock: now === undefined ? Date.now : () => now }) };
}

/** What it prints, and whether anything is usable. */
async function told(backend: Awaited<ReturnType<typeof facing>>['backend']) {
  const lines: string[] = [];
  const screen = { line: (text: string) => void lines.push(text) } as unknown as Parameters<typeof examine>[1];
  const usable = await examine([backend], screen, false);
  await examine([backend], screen, true);
  const [text, json] = lines;
  return { usable, text: text!, json: JSON.parse(json!).backends[0] };
}

const MODELS = { body: { data: [{ id: 'sora-2' }] } };

describe('only what answered in its protocol counts', () => {
  it('a base URL with a wrong path', async () => {
    const { backend, upstream } = await facing({ status: 404, body: '404 page not found' });
    const { usable, text, json } = await told(backend);
    expect(usable).toBe(false);
    expect(json).toMatchObject({ verdict: 'unusable', reachable: true, speaks: false });
    expect(text).toContain('✗ under-test: unusable');
    expect(text).toContain(`${upstream.origin}/v1/models answered 404`);
    expect(text).toContain('the path of the base URL is probably wrong');
    expect(text).toContain('nothing came of its protocol');
  });

  it.each<[string, Reply]>([
    ['nothing but faults', { status: 500, body: 'oops' }],
    ['a web site', { headers: { 'content-type': 'text/html' }, body: '<html>' }],
    ['{} whatever is asked', { body: {} }],
    ['a refused key', { status: 401, body: { error: { message: 'no' } } }],
  ])('%s', async (_, reply) => {
    const { usable, text, json } = await told((await facing(reply)).backend);
    expect(usable).toBe(false);
    expect(json.verdict).toBe('unusable');
    expect(text).not.toContain('accepted');
  });

  it('a list of models', async () => {
    const { usable, text, json } = await told((await facing(MODELS)).backend);
    expect(usable).toBe(true);
    expect(json).toMatchObject({ verdict: 'usable', models: [{ id: 'sora-2' }], todo: [] });
    expect(text).toMatch(/key +accepted/);
  });

  it('a list of models of a server that makes no videos', async () => {
    const script: Script = ({ path }) =>
      path === '/v1/models' ? { body: { data: [{ id: 'llama3:8b' }] } } : { status: 404, body: '404 page not found' };
    const { usable, text, json } = await told((await facing(script)).backend);
    expect(usable).toBe(false);
    expect(json).toMatchObject({ verdict: 'unusable', models: [{ id: 'llama3:8b' }] });
    expect(json.todo).toEqual([expect.stringContaining('it lists models, but does not make videos there')]);
    expect(text).not.toContain('accepted');
  });

  it('no key is no key that cannot be told', async () => {
    const open = await told((await facing(MODELS, { apiKey: undefined })).backend);
    expect(open.text).toMatch(/key +none is set$/m);
    expect(open.json.verdict).toBe('usable');
    const closed = await told((await facing({ status: 401, body: {} }, { apiKey: undefined })).backend);
    expect(closed.text).toMatch(/key +none is set, and one is asked for$/m);
    expect(closed.json.todo).toContain('Set an API key: the upstream asks for one.');
  });

  it('a list of models without the usual one is doubtful, and counts', async () => {
    const { usable, json } = await told((await facing({ body: { data: [{ id: 'wan' }] } })).backend);
    expect(usable).toBe(true);
    expect(json).toMatchObject({ verdict: 'doubtful', todo: [expect.stringContaining('does not list sora-2')] });
  });
});

describe('models that are over are marked', () => {
  const offer = (id: string, more: Partial<ModelOffer> = {}): ModelOffer => ({
    id,
    status: 'unknown',
    sizes: [],
    seconds: [],
    ...more,
  });

  it('retired ones, with the date and what to use instead', async () => {
    const retired = { status: 'retired', retiredOn: '2026-09-24', replacement: 'wan' } as const;
    const models = [offer('wan'), offer('sora-2', retired), offer('old', { retiredOn: '2026-01-01' })];
    const { text, json } = await told((await facing(MODELS, { models, defaultModel: 'wan' })).backend);
    expect(text).toMatch(/models +sora-2 \(ended on 2026-09-24; use wan\), old \(ended on 2026-01-01\)/);
    expect(json.models).toEqual([
      { id: 'sora-2', retired: true, retired_on: '2026-09-24', replacement: 'wan' },
      { id: 'old', retired: true, retired_on: '2026-01-01' },
    ]);
  });

  it('a usual one that is retired is something to do', async () => {
    const models = [offer('sora-2', { status: 'retired', retiredOn: '2026-09-24' }), offer('wan')];
    const { json } = await told(
      (await facing({ body: { data: [{ id: 'sora-2' }, { id: 'wan' }] } }, { models })).backend,
    );
    expect(json).toMatchObject({
      verdict: 'doubtful',
      todo: ['Set default_model to another one: sora-2 (ended on 2026-09-24).'],
    });
  });

  it('nothing but retired ones is not usable', async () => {
    const models = [offer('sora-2', { status: 'retired' })];
    expect((await told((await facing(MODELS, { models })).backend)).usable).toBe(false);
  });
});

describe('what is remembered', () => {
  const UNTIL = Date.parse('2030-01-02T03:04:05Z');

  async function remembering(subjectGone: string) {
    const upstream = await startUpstream(MODELS);
    const { backend } = subject(upstream.origin);
    ended.push(upstream.close, backend.close);
    const fact = { subject: subjectGone, until: UNTIL, reason: 'gw.example does not make videos any more' };
    const memory = { recall: () => [fact], remember: () => {}, forget: () => {} };
    return guarded(backend, { clock: () => UNTIL - 60_000, memory });
  }

  it('a backend that said it is gone is not called usable, whatever it answers', async () => {
    const { usable, text, json } = await told(await remembering('*'));
    expect(usable).toBe(false);
    expect(json).toMatchObject({ verdict: 'unusable', gone_until: '2030-01-02T03:04:05Z' });
    expect(text).toContain('gw.example does not make videos any more.');
    expect(text).toContain('Nothing is created there before 2030-01-02T03:04:05Z');
  });

  it('so is a model that it said it does not have', async () => {
    const { text, json } = await told(await remembering('sora-2-pro'));
    expect(text).toContain('sora-2-pro (not there, not asked for before 2030-01-02T03:04:05Z)');
    expect(json.models).toEqual([{ id: 'sora-2' }, { id: 'sora-2-pro', gone_until: '2030-01-02T03:04:05Z' }]);
    expect(json.verdict).toBe('usable');
  });
});

describe('an end that is announced is told', () => {
  it.each([
    ['Tue, 01 Jan 2030 00:00:00 GMT', 'It is announced to end on 2030-01-01: look for another one.'],
    ['Thu, 01 Jan 2026 00:00:00 GMT', 'It is announced to have ended on 2026-01-01: look for another one.'],
  ])('of the backend: %s', async (sunset, todo) => {
    const { backend } = await facing({ ...MODELS, headers: { sunset } }, {}, Date.parse('2029-01-01'));
    expect(await diagnose(backend)).toMatchObject({ verdict: 'doubtful', todo: [todo] });
  });

  const wan = { id: 'wan' };
  it.each<[string, object[], object]>([
    [
      'to come',
      [{ id: 'sora-2', shutdown_date: '2999-01-01' }, wan],
      { verdict: 'doubtful', todo: ['sora-2 is announced to end on 2999-01-01'] },
    ],
    [
      'past',
      [{ id: 'sora-2', shutdown_date: '2026-01-01' }, wan],
      { verdict: 'doubtful', todo: ['Set default_model to another one: sora-2 (ended on 2026-01-01).'] },
    ],
    [
      'past, in seconds, of all',
      [{ id: 'sora-2', shutdown_date: Date.parse('2026-01-01') / 1_000 }],
      { verdict: 'unusable', models: [{ id: 'sora-2', retired: true, retiredOn: '2026-01-01' }] },
    ],
    ['of no calendar', [{ id: 'sora-2', shutdown_date: 1e300 }], { verdict: 'usable' }],
  ])('of a model: %s', async (_, data, found) => {
    const { backend } = await facing(
      ({ path }) => ({ body: path === '/v1/models' ? { data } : { data: [{ id: 'v' }] } }),
      {
        models: [],
      },
    );
    expect(await diagnose(backend)).toMatchObject(found);
  });
});

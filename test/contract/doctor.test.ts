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

async function facing(script: Script | Reply, changes?: Parameters<typeof subject>[3]) {
  const upstream = await startUpstream(script);
  const { backend } = subject(upstream.origin, 'openai', {}, changes);
  ended.push(upstream.close, backend.close);
  return { upstream, backend: guarded(backend, { clock: Date.now }) };
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
    expect(text).toMatch(/models +sora-2 \(retired on 2026-09-24; use wan\), old \(retired on 2026-01-01\)/);
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
      todo: ['Set default_model to another one: sora-2 (retired on 2026-09-24).'],
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

it('an end that is announced is told', async () => {
  const { backend } = await facing({ ...MODELS, headers: { sunset: 'Tue, 01 Jan 2030 00:00:00 GMT' } });
  expect(await diagnose(backend)).toMatchObject({
    verdict: 'doubtful',
    todo: ['It is announced to end on 2030-01-01: look for another one.'],
  });
});

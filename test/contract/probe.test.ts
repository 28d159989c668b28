import { afterEach, describe, expect, it } from 'vitest';
import type { Probe } from '../../src/backends/backend.ts';
import { parseDialect } from '../../src/backends/registry.ts';
import { DEAD_ORIGIN, KEY, subject } from './subject.ts';
import { type Reply, startUpstream, type Upstream } from './upstream.ts';

const ended: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

type Paths = Readonly<Record<string, Reply>>;

/** What is told about a server that has these paths below its origin, and says the same about all others. */
async function told(paths: Paths, others: Reply, dialect = 'openai', more: Parameters<typeof subject>[3] = {}) {
  const upstream: Upstream = await startUpstream(({ path }) => paths[path.split('?')[0]!] ?? others);
  const { backend } = subject(upstream.origin, dialect, {}, more);
  ended.push(upstream.close, backend.close);
  const probe: Probe = await backend.probe();
  return { probe, upstream, asked: upstream.requests.map(({ path }) => path.split('?')[0]) };
}

const PLAIN_404 = { status: 404, headers: { 'content-type': 'text/plain' }, body: '404 page not found' };
const FASTAPI_404 = { status: 404, body: { detail: 'Not Found' } };
const SITE = { headers: { 'content-type': 'text/html' }, body: '<!doctype html><p>Welcome' };
const MADE_UP = '/v1/videos/sora-mcp-probe';

describe('nothing that came speaks for the protocol', () => {
  it.each<[string, Reply, RegExp]>([
    [
      '404 in plain text',
      PLAIN_404,
      /\/v1\/models answered 404, .*all else.*path of the base URL is probably wrong, or the dialect is\.$/,
    ],
    ['404 without a word', { status: 404 }, /probably wrong/],
    ['404 of a framework', FASTAPI_404, /probably wrong/],
    ['404 of a JSON site', { status: 404, body: { error: 'Not Found', path: '/v1/videos/x' } }, /probably wrong/],
    ['404 with a web page', { ...SITE, status: 404 }, /probably wrong/],
    [
      '404 of new-api for a path',
      { status: 404, body: { error: { message: 'Invalid URL (GET /v1/models)', type: 'invalid_request_error' } } },
      /probably wrong/,
    ],
    ['a web site', SITE, /web page instead of JSON. Check that the base URL/],
    ['{} whatever is asked', { body: {} }, /answered 200 to models without what belongs there/],
    ['health whatever is asked', { body: { status: 'ok' } }, /without what belongs there/],
    ['500 in plain text', { status: 500, body: 'oops' }, /answered 500: oops. The upstream has a problem/],
    ['500 in JSON', { status: 500, body: { error: { message: 'boom' } } }, /answered 500: boom/],
    ['[] whatever is asked', { body: [] }, /answered 200 to get without what belongs there/],
    ['an empty list whatever is asked', { body: { data: [] } }, /answered 200 to get without what belongs there/],
    [
      'that it is gone',
      { status: 410, body: { error: { message: 'switched off' } } },
      /\/v1\/models answered 410: it is gone from there for good\. Set the base URL to that of another server\.$/,
    ],
    ['500 inside 200', { body: { code: 500, message: 'internal fault' } }, /with an error 500 inside: internal fault/],
  ])('%s', async (_, others, problem) => {
    const { probe, asked } = await told({}, others);
    expect(probe).toMatchObject({ reachable: true, speaks: false, authenticated: 'unknown' });
    expect(probe.problem).toMatch(problem);
    expect(probe.problem).not.toContain(KEY);
    expect(new Set(asked)).toEqual(new Set(['/v1/models', '/v1/videos', MADE_UP]));
  });

  it('nobody is there', async () => {
    const { backend } = subject(DEAD_ORIGIN);
    ended.push(backend.close);
    expect(await backend.probe()).toMatchObject({ reachable: false, speaks: false });
  });

  it('a dialect with nothing free but to look for a job', async () => {
    const dialect = parseDialect({ extends: 'xai', operations: { models: null } });
    const { probe, asked } = await told({}, PLAIN_404, 'xai', { dialect });
    expect(asked).toEqual([MADE_UP]);
    expect(probe).toMatchObject({ speaks: false });
    expect(probe.problem).toMatch(/sora-mcp-probe answered 404: the path of the base URL/);
  });
});

describe('one answer of the protocol is enough', () => {
  const listed = { body: { data: [{ id: 'sora-2' }] } };
  it.each<[string, string, Paths, Reply, Partial<Probe>]>([
    ['models', 'openai', { '/v1/models': listed }, PLAIN_404, { authenticated: true, models: ['sora-2'] }],
    ['an empty list of jobs', 'sglang', { '/v1/videos': { body: { data: [] } } }, FASTAPI_404, { authenticated: true }],
    ['jobs, where models are not listed', 'litellm', { '/v1/videos': { body: { data: [] } } }, FASTAPI_404, {}],
    ['jobs, where models are broken', 'vllm-omni', { '/v1/videos': { body: { data: [] } } }, { status: 500 }, {}],
    ['characters', 'seed', { '/v1/sora/characters': { body: { characters: [] } } }, PLAIN_404, { authenticated: true }],
    [
      'a missing video of FastAPI',
      'sglang',
      { [MADE_UP]: { status: 404, body: { detail: 'Video not found' } } },
      FASTAPI_404,
      { authenticated: 'unknown' },
    ],
    [
      'an error object',
      'openai',
      { [MADE_UP]: { status: 404, body: { error: { message: 'Not found' } } } },
      PLAIN_404,
      {},
    ],
    ['a bad id', 'openai', { [MADE_UP]: { status: 400, body: { error: { message: 'Invalid id' } } } }, FASTAPI_404, {}],
    [
      'a missing task told as a fault',
      'seed',
      { '/v1/sora/tasks/sora-mcp-probe': { status: 500, body: { error: 'task not found' } } },
      PLAIN_404,
      {},
    ],
    ['a missing task inside 200', 'seed', {}, { body: { code: 404, message: 'task not found' } }, {}],
  ])('%s', async (_, dialect, paths, others, facts) => {
    const { probe } = await told(paths, others, dialect);
    expect(probe).toMatchObject({ reachable: true, speaks: true, ...facts });
    expect(probe).not.toHaveProperty('problem');
  });
});

const NOT_FOUND_OBJECT = { status: 404, body: { error: { message: 'Not Found', type: 'NotFoundError', code: 404 } } };

describe('a list of models without the usual one is not enough', () => {
  const llama = { '/v1/models': { body: { data: [{ id: 'llama3:8b' }] } } };

  it.each<[string, Reply, string]>([
    ['Ollama', PLAIN_404, 'openai'],
    ['FastAPI', FASTAPI_404, 'openai'],
    ['vLLM', NOT_FOUND_OBJECT, 'openai'],
    ['vLLM, where jobs are not listed', NOT_FOUND_OBJECT, 'new-api'],
    ['llama.cpp', { status: 404, body: { error: { message: 'File Not Found', code: 404 } } }, 'openai'],
  ])('of an engine for text: %s', async (_, others, dialect) => {
    const { probe } = await told(llama, others, dialect);
    expect(probe).toMatchObject({ reachable: true, speaks: false, authenticated: 'unknown', models: ['llama3:8b'] });
    expect(probe.problem).toMatch(/answered 404.*: it lists models, but does not make videos there/);
  });

  it.each<[string, Reply]>([
    ['a web site', SITE],
    ['an error in 200 that names the path', { body: { error: 'Unexpected endpoint or method. (GET /v1/videos)' } }],
  ])('of an engine for text that answers all else with %s', async (_, others) => {
    expect((await told(llama, others)).probe).toMatchObject({ speaks: false, models: ['llama3:8b'] });
  });

  it('of one that has no model loaded', async () => {
    const { probe } = await told({ '/v1/models': { body: { data: [] } } }, PLAIN_404);
    expect(probe).toMatchObject({ speaks: false, models: [] });
  });

  it.each<[string, Paths, Reply, string, Partial<Probe>]>([
    ['which lists jobs', { '/v1/videos': { body: { data: [{ id: 'v' }] } } }, PLAIN_404, 'openai', {}],
    ['which lists no job yet', { '/v1/videos': { body: { data: [] } } }, FASTAPI_404, 'openai', {}],
    ['which looks for a job', {}, { status: 400, body: { code: 'task_not_exist', message: 'none' } }, 'new-api', {}],
    ['which has trouble', {}, { status: 500, body: { error: { message: 'boom' } } }, 'litellm', { problem: 'boom' }],
  ])('but a server of videos may list others: one %s', async (_, paths, others, dialect, { problem }) => {
    const { probe } = await told({ ...llama, ...paths }, others, dialect);
    expect(probe).toMatchObject({ speaks: true, authenticated: true, models: ['llama3:8b'] });
    if (problem) expect(probe.problem).toMatch(problem);
    else expect(probe).not.toHaveProperty('problem');
  });
});

it('that no key is set is told', async () => {
  const { probe } = await told({ [MADE_UP]: FASTAPI_404 }, { body: { data: [] } }, 'sglang', { apiKey: undefined });
  expect(probe).toMatchObject({ speaks: true, authenticated: 'unknown', keyless: true });
});

it('a key that is refused ends it', async () => {
  const { probe, asked } = await told({}, { status: 401, body: { error: { message: 'bad key' } } });
  expect(probe).toMatchObject({ reachable: true, authenticated: false });
  expect(asked).toEqual(['/v1/models']);
});

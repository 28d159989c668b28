import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { definitionOf, referenceProfiles } from '../../src/backends/definition.ts';
import { dialectSchema } from '../../src/backends/dialects/schema.ts';
import {
  type BackendDefinition,
  createBackend,
  dialectNamed,
  dialectNames,
  parseDialect,
  profileOf,
} from '../../src/backends/registry.ts';
import { SoraError } from '../../src/domain/errors.ts';
import { Secret } from '../../src/domain/secret.ts';

const at = (
  dialect: string,
  url = 'https://gw.example/v1',
  more: Partial<BackendDefinition> = {},
): BackendDefinition => {
  const spoken = dialectNamed(dialect);
  return { id: 'b', route: spoken.route, dialect: spoken, baseUrl: new URL(url), ...more };
};

function refusal(call: () => unknown): SoraError {
  try {
    call();
  } catch (error) {
    if (error instanceof SoraError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('the built-in dialects', () => {
  it('are these', () => {
    expect(dialectNames('forwarding')).toEqual([
      'openai',
      'azure',
      'sglang',
      'vllm-omni',
      'litellm',
      'bifrost',
      'new-api',
      'gateway',
      'openrouter',
      'xai',
    ]);
    expect(dialectNames('reverse')).toEqual(['seed', 'sora-v1', 'unified-v2']);
  });

  it.each(dialectNames())('%s parses, has a source and says who it is', (name) => {
    const dialect = dialectNamed(name);
    expect(dialect.name).toBe(name);
    expect(dialect.sources.length).toBeGreaterThan(0);
    expect(dialect.unofficial).toBe(dialect.route === 'reverse');
  });

  it('an unknown name names the nearest', () => {
    expect(refusal(() => dialectNamed('opanai'))).toMatchObject({ code: 'invalid_argument', field: 'dialect' });
    expect(refusal(() => dialectNamed('opanai')).hint).toContain('Did you mean openai');
  });

  it('can be told as a JSON Schema with descriptions', () => {
    const text = JSON.stringify(z.toJSONSchema(dialectSchema(), { io: 'input' }));
    expect(text).toContain('How the configuration calls it.');
  });
});

describe("a user's dialect", () => {
  it('changes a built-in one', () => {
    const dialect = parseDialect({
      extends: 'sora-v1',
      operations: { createCharacter: { constants: { model: null } }, models: null },
      limits: { minPollMs: 30_000 },
    });
    expect(dialect.name).toBe('inline');
    expect(dialect.operations.createCharacter?.constants).toEqual({});
    expect(dialect.operations.models).toBeUndefined();
    expect(dialect.operations.get).toEqual(dialectNamed('sora-v1').operations.get);
    expect(dialect.limits).toEqual({ minPollMs: 30_000, linkLifetimeSeconds: 86_400 });
  });

  it('that sets a floor for polls has no average but its own', () => {
    const pace = (limits?: object) => {
      const { minPollMs, meanPollMs } = parseDialect({ extends: 'openai', ...(limits && { limits }) }).limits;
      return [minPollMs, meanPollMs];
    };
    expect(pace()).toEqual([5_000, 10_000]);
    expect(pace({ linkLifetimeSeconds: 60 })).toEqual([5_000, 10_000]);
    expect(pace({ minPollMs: 2_000 })).toEqual([2_000, undefined]);
    expect(pace({ minPollMs: 2_000, meanPollMs: 4_000 })).toEqual([2_000, 4_000]);
  });

  it.each([
    [{ extends: 'nothing-like-it' }, /no dialect/],
    [{ extends: 'seed', typo: 1 }, /typo/],
    [{ extends: 'seed', operations: { get: null } }, /no get operation/],
    [{ extends: 'seed', defaults: { model: 'other' } }, /default model/],
    [{}, /not usable/],
    ['text', /not usable/],
  ])('%j is refused', (document, words) => {
    const error = refusal(() => parseDialect(document, 'backends[0].dialect'));
    expect(error.code).toBe('invalid_argument');
    expect(error.message).toMatch(words);
  });
});

describe('a profile', () => {
  it('tells what the operations make possible', () => {
    expect(profileOf(at('openai')).capabilities).toMatchObject({
      createCharacter: true,
      extractCharacter: false,
      listCharacters: false,
      maxCharacters: 2,
      characterUpload: true,
      characterClipSeconds: [2, 4],
      referenceVideo: false,
      referenceImage: true,
      remix: true,
      edit: true,
      extend: true,
      listVideos: true,
      deleteVideo: true,
      thumbnail: true,
      spritesheet: true,
    });
    expect(profileOf(at('seed')).capabilities).toMatchObject({
      createCharacter: true,
      extractCharacter: true,
      listCharacters: true,
      characterUpload: false,
      referenceVideo: false,
      remix: false,
      listVideos: false,
    });
    expect(profileOf(at('gateway')).capabilities.referenceVideo).toBe(true);
    expect(profileOf(at('unified-v2')).capabilities).toMatchObject({ referenceVideo: true, createCharacter: false });
    expect(profileOf(at('sglang')).capabilities).toMatchObject({
      remix: false,
      createCharacter: false,
      deleteVideo: true,
    });
    expect(profileOf(at('new-api')).capabilities).toMatchObject({ listVideos: false, remix: true });
  });

  it('lets the object have just those methods', () => {
    const seed = createBackend(at('seed'));
    expect(Object.keys(seed).sort()).toEqual([
      'close',
      'createCharacter',
      'createVideo',
      'extractCharacter',
      'getVideo',
      'listCharacters',
      'notices',
      'openContent',
      'probe',
      'profile',
    ]);
    expect(createBackend(at('openai'))).not.toHaveProperty('listCharacters');
  });

  it('carries the prices with their source', () => {
    expect(profileOf(at('seed'))).toMatchObject({
      characterUsd: 0,
      rates: [{ unit: 'video', usd: 0.12, source: 'seed document', asOf: '2026-01-10', confidence: 'exact' }],
    });
    expect(profileOf(at('openai')).rates.map(({ model, shortSides, usd }) => [model, shortSides, usd])).toEqual([
      ['sora-2', undefined, 0.1],
      ['sora-2-pro', [720], 0.3],
      ['sora-2-pro', [1024], 0.5],
      ['sora-2-pro', [1080], 0.7],
    ]);
    expect(profileOf(at('sglang')).rates).toEqual([]);
    expect(profileOf(at('sora-v1')).characterUsd).toBe(0.01);
  });

  it('knows where the service has ended', () => {
    const profile = profileOf(at('openai', 'https://api.openai.com/v1'));
    expect(profile.retired).toMatchObject({ on: '2026-09-24' });
    expect(profile.models.every(({ status, retiredOn }) => status === 'retired' && retiredOn === '2026-09-24')).toBe(
      true,
    );
    expect(profileOf(at('azure', 'https://r.openai.azure.com/openai/v1'))).not.toHaveProperty('retired');
    expect(profileOf(at('openai')).models[0]).toMatchObject({
      id: 'sora-2',
      status: 'unknown',
      seconds: [4, 8, 12, 16, 20],
    });
  });

  it('of a sandbox costs nothing', () => {
    const profile = profileOf(at('openai', 'http://127.0.0.1:1/v1', { sandbox: true }));
    expect(profile.rates.map(({ usd, unit, source }) => [usd, unit, source])).toEqual([
      [0, 'video', 'sandbox'],
      [0, 'video', 'sandbox'],
    ]);
    expect(profile).toMatchObject({ characterUsd: 0, sandbox: true });
    expect(profile.models[0]!.status).toBe('active');
  });

  it('takes what is configured over what the dialect says', () => {
    const rates = [
      { model: 'wan', unit: 'second', usd: 0.01, source: 'own', asOf: '2026-11-01', confidence: 'exact' },
    ] as const;
    const models = [{ id: 'wan', status: 'active', sizes: ['832x480'], seconds: [5] }] as const;
    const profile = profileOf(
      at('openai', 'http://gpu:8000/v1/', { models, rates, limits: { minPollMs: 1 }, weight: 3 }),
    );
    expect(profile).toMatchObject({
      origin: 'http://gpu:8000',
      defaultModel: 'wan',
      defaultSeconds: 5,
      defaultSize: '832x480',
      rates,
      weight: 3,
      limits: { minPollMs: 1, createsPerMinute: 25 },
    });
  });
});

describe('the configuration', () => {
  it('becomes definitions', async () => {
    const [named, described] = await definitionOf({
      backends: [
        {
          id: 'a',
          route: 'reverse',
          dialect: 'seed',
          baseUrl: 'https://gw.example/v1',
          models: [{ id: 'sora-2', seconds: [10] }],
        },
        {
          id: 'b',
          route: 'forwarding',
          dialect: { extends: 'openai', auth: { scheme: 'bare' } },
          baseUrl: 'https://gw.example/v1',
          defaultModel: 'veo-3',
        },
      ],
    });
    expect(profileOf(named!)).toMatchObject({
      dialect: 'seed',
      models: [{ id: 'sora-2', seconds: [10], status: 'unknown' }],
    });
    expect(profileOf(described!)).toMatchObject({ dialect: 'inline', defaultModel: 'veo-3' });
    expect(described!.dialect.auth).toEqual({ scheme: 'bare' });
  });

  it('without backends is the embedded upstream', async () => {
    const access = { baseUrl: new URL('http://127.0.0.1:4000/v1'), apiKey: new Secret('k') };
    const definitions = await definitionOf({ backends: [] }, access);
    expect(definitions.map((each) => [each.id, profileOf(each).dialect, each.sandbox])).toEqual([
      ['sandbox-forwarding', 'openai', true],
      ['sandbox-reverse', 'seed', true],
    ]);
  });

  it('has the two services of the seed for comparison', async () => {
    expect((await referenceProfiles()).map(({ id, route }) => [id, route])).toEqual([
      ['forwarding', 'forwarding'],
      ['reverse', 'reverse'],
    ]);
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { configFileJsonSchema } from '../../src/config-file.ts';
import { backend, KEY, load, problems, TOKEN, unfilled, withFile } from './config-fixtures.ts';

describe('the file', () => {
  test('any number of backends, after the environment’s', async () => {
    const document = {
      $schema: './sora.schema.json',
      backends: [
        {
          ...backend,
          api_key_env: 'ONE_KEY',
          default_model: 'wan-2',
          models: [
            'wan-2',
            {
              id: 'old',
              status: 'retired',
              retired_on: '2026-01-01',
              replacement: 'wan-2',
              seconds: [8, 4],
              sizes: ['1280x720'],
            },
          ],
          rates: [{ model: '*', unit: 'second', usd: 0.05, short_sides: [720] }],
          character_usd: 0.01,
          limits: { creates_per_minute: 5, min_poll_seconds: 2.5 },
          weight: 3,
        },
        {
          id: 'two',
          route: 'reverse',
          dialect: { name: 'mine', paths: { create: `/x/${unfilled('id')}` } },
          base_url: 'http://two:1',
        },
      ],
    };
    const config = await load(withFile(document, { ONE_KEY: KEY, SORA_REVERSE_BASE_URL: 'https://r.example' }));
    expect(config.backends.map((each) => each.id)).toEqual(['reverse', 'one', 'two']);
    expect(config.backends[1]!.apiKey?.reveal()).toBe(KEY);
    expect(config.backends[1]).toMatchObject({
      from: 'backends[0]',
      defaultModel: 'wan-2',
      models: [
        { id: 'wan-2' },
        {
          id: 'old',
          status: 'retired',
          retiredOn: '2026-01-01',
          replacement: 'wan-2',
          seconds: [4, 8],
          sizes: ['1280x720'],
        },
      ],
      rates: [
        {
          model: '*',
          unit: 'second',
          usd: 0.05,
          shortSides: [720],
          source: 'configuration file',
          asOf: '2026-11-22',
          confidence: 'exact',
        },
      ],
      characterUsd: 0.01,
      limits: { createsPerMinute: 5, minPollMs: 2_500 },
      weight: 3,
    });
    expect(config.backends[2]).toEqual({
      id: 'two',
      route: 'reverse',
      dialect: { name: 'mine', paths: { create: `/x/${unfilled('id')}` } },
      baseUrl: 'http://two:1',
      weight: 1,
      from: 'backends[1]',
    });
  });

  test.each<[string, unknown, RegExp]>([
    ['not JSON', '{"backends": [}', /^SORA_CONFIG: the file is not JSON/],
    [
      'UTF-16, as PowerShell 5 writes it',
      Buffer.from('\ufeff{ "backends": [] }', 'utf16le').toString('utf8'),
      /^SORA_CONFIG: the file is UTF-16.* save it as UTF-8$/,
    ],
    ['not an object', '[]', /^SORA_CONFIG: /],
    [
      'a literal key',
      { backends: [{ ...backend, api_key: KEY }] },
      /^backends\[0\]\.api_key: keys never stand in the file: .* "api_key_env"/,
    ],
    [
      'a literal token',
      { workspaces: [{ name: 'a', token_env: 'A', token: TOKEN }] },
      /^workspaces\[0\]\.token: keys never stand/,
    ],
    ...(
      [
        ['constants', 'api_key', KEY],
        ['constants', 'token', 'a1b2c3d4e5f6a7b8c9d0'],
        ['constants', 'secret', '3f2a9c1e-7b4d-4c1a-9e8f-0a1b2c3d4e5f'],
        ['constants', 'password', 'Tr0ub4dor&3'],
        ['query', 'note', 'xai-AbCdEfGhIjKlMnOpQrStUvWx'],
        ['query', 'access_token', 'a1b2c3'],
        ['fields', 'prompt', KEY],
        ['constants', 'note', `Bearer ${TOKEN}`],
      ] as const
    ).map(([where, name, value]): [string, unknown, RegExp] => [
      `a key in a dialect: ${where}.${name}`,
      { backends: [{ ...backend, dialect: { operations: { create: { [where]: { [name]: value } } } } }] },
      new RegExp(
        `^backends\\[0\\]\\.dialect\\.operations\\.create\\.${where}\\.${name}: keys never stand .* "api_key_env"$`,
      ),
    ]),
    [
      'a key instead of a name',
      { backends: [{ ...backend, api_key_env: 'sk-1 2' }] },
      /^backends\[0\]\.api_key_env: is not the name/,
    ],
    [
      'a key that is not set',
      { backends: [{ ...backend, api_key_env: 'NOPE' }] },
      /^backends\[0\]\.api_key_env: the variable NOPE holds no key/,
    ],
    ['no address', { backends: [{ id: 'a', route: 'reverse', dialect: 'seed' }] }, /^backends\[0\]\.base_url: /],
    [
      'a wrong address',
      { backends: [backend, { ...backend, id: 'b', base_url: 'one.example' }] },
      /^backends\[1\]\.base_url: is not a URL/,
    ],
    [
      'an address not filled in',
      { backends: [{ ...backend, base_url: `https://${unfilled('HOST')}/v1` }] },
      /^backends\[0\]\.base_url: \$\{HOST\} was not filled in/,
    ],
    [
      'an unknown dialect',
      { backends: [{ ...backend, dialect: 'opnai' }] },
      /^backends\[0\]\.dialect: no forwarding dialect is called "opnai".*Did you mean openai\?/,
    ],
    ['an unknown route', { backends: [{ ...backend, route: 'sideways' }] }, /^backends\[0\]\.route: /],
    ['an unknown field', { backends: [{ ...backend, url: 'x' }] }, /^backends\[0\]\.url: is not known here/],
    [
      'a bad rate',
      { backends: [{ ...backend, rates: [{ model: 'a', unit: 'hour', usd: 1 }] }] },
      /^backends\[0\]\.rates\[0\]\.unit: /,
    ],
    ['the same id twice', { backends: [backend, backend] }, /^backends\[1\]\.id: "one" is backends\[0\] already/],
    [
      'an id of the environment',
      { backends: [{ ...backend, id: 'forwarding' }] },
      /^backends\[0\]\.id: "forwarding" is what SORA_FORWARDING_BASE_URL configures/,
    ],
  ])('%s', async (_, document, message) => {
    const found = await problems(withFile(document, { SORA_FORWARDING_BASE_URL: 'https://f.example' }));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(message);
    expect(found[0]).not.toContain(KEY);
    expect(found[0]).not.toContain(TOKEN);
  });

  test('what a dialect calls a key is none', async () => {
    const constants = {
      key: 'off',
      token: '',
      mode: 'secret',
      sort_key: 'created_at',
      secret: 'false',
      metadata: [
        { key: 'enhance_prompt_mode', value: 'on' },
        { key: 'first_frame_image2video', value: '1280x720' },
      ],
      authorization: 'oauth2',
      provider: 'hf_inference_endpoint',
    };
    const query = { token: '{after}', access_token: 'none' };
    const prompt = { name: 'prompt', with: { key: 'resolution_setting' } };
    const dialect = {
      auth: { scheme: 'header', header: 'api-key' },
      sources: [{ what: 'Bearer authentication' }],
      operations: { list: { constants, query }, create: { fields: { prompt } } },
      models: [{ id: 'xai-grok-imagine-video' }],
    };
    await load(withFile({ backends: [{ ...backend, dialect }] }));
  });

  test('why it cannot be read is told', async () => {
    expect(await problems({ env: { SORA_CONFIG: 'a.json' }, file: { error: 'ENOENT' } })).toEqual([
      'SORA_CONFIG: the file a.json cannot be read: ENOENT',
    ]);
  });

  test('its JSON Schema can be printed', () => {
    const schema = configFileJsonSchema();
    expect(schema).toMatchObject({ type: 'object', additionalProperties: false });
    expect(JSON.stringify(schema)).toContain('api_key_env');
    expect(schema.required ?? []).toEqual([]);
  });
});

test('a start without a file loads no zod', () => {
  for (const name of ['config', 'config-env', 'config-values', 'config-command']) {
    const source = readFileSync(new URL(`../../src/${name}.ts`, import.meta.url), 'utf8');
    expect(source).not.toMatch(/^import (?!type)[^;]*from '(zod|\.\/config-file\.ts)'/m);
  }
});

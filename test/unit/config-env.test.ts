import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { type ConfigFacts, configPath } from '../../src/config.ts';
import { env, facts, KEY, load, unfilled, wrong } from './config-fixtures.ts';

describe('backends of the environment', () => {
  test('nothing: the sandbox', async () => {
    expect(await env({})).toMatchObject({ sandbox: true, backends: [] });
    expect(await env({ SORA_BASE_URL: '', SORA_API_KEY: '  ' })).toMatchObject({ sandbox: true });
  });

  test('one gateway, one key, both routes', async () => {
    const config = await env({ SORA_BASE_URL: ' https://gw.example/v1/ ', SORA_API_KEY: `${KEY}\n` });
    expect(config.sandbox).toBe(false);
    expect(config.backends).toMatchObject([
      { id: 'forwarding', route: 'forwarding', dialect: 'openai', baseUrl: 'https://gw.example/v1', weight: 1 },
      { id: 'reverse', route: 'reverse', dialect: 'seed', baseUrl: 'https://gw.example/v1' },
    ]);
    expect(config.backends.map((each) => each.apiKey?.reveal())).toEqual([KEY, KEY]);
  });

  test('one route alone is normal', async () => {
    const config = await env({ SORA_REVERSE_BASE_URL: 'http://localhost:9/v1', SORA_REVERSE_API_KEY: KEY });
    expect(config.backends).toMatchObject([{ id: 'reverse', from: 'SORA_REVERSE_BASE_URL' }]);
  });

  test('a self-hosted engine needs no key', async () => {
    const config = await env({ SORA_FORWARDING_BASE_URL: 'http://gpu:30000/v1', SORA_FORWARDING_DIALECT: 'sglang' });
    expect(config.backends).toMatchObject([{ id: 'forwarding', dialect: 'sglang' }]);
    expect(config.backends[0]).not.toHaveProperty('apiKey');
  });

  test('a route’s own settings go before the shared ones', async () => {
    const config = await env({
      SORA_BASE_URL: 'https://gw.example/v1',
      SORA_API_KEY: KEY,
      SORA_REVERSE_API_KEY: 'other-key',
      SORA_REVERSE_DIALECT: 'sora-v1',
    });
    expect(config.backends.map((each) => [each.dialect, each.apiKey?.reveal()])).toEqual([
      ['openai', KEY],
      ['sora-v1', 'other-key'],
    ]);
  });

  test('a key never goes to a host that it was not given for', async () => {
    const config = await env({
      SORA_BASE_URL: 'https://gw.example/v1',
      SORA_API_KEY: KEY,
      SORA_REVERSE_BASE_URL: 'https://elsewhere.example/v1',
    });
    expect(config.backends.map((each) => each.apiKey?.reveal())).toEqual([KEY, undefined]);
    const shared = await env({ SORA_API_KEY: KEY, SORA_REVERSE_BASE_URL: 'https://gw.example/v1' });
    expect(shared.backends[0]!.apiKey?.reveal()).toBe(KEY);
    const two = { SORA_FORWARDING_BASE_URL: 'https://a.example', SORA_REVERSE_BASE_URL: 'https://b.example' };
    expect(await wrong({ ...two, SORA_API_KEY: KEY })).toEqual([
      expect.stringMatching(/^SORA_API_KEY: would go to two hosts/),
    ]);
  });

  test.each<[Record<string, string>, RegExp]>([
    [{ SORA_API_KEY: KEY }, /^SORA_API_KEY: a key without an address: set SORA_BASE_URL/],
    [{ SORA_REVERSE_API_KEY: KEY }, /^SORA_REVERSE_API_KEY: a key without an address: set SORA_REVERSE_BASE_URL/],
    [
      { SORA_BASE_URL: 'https://gw.example', SORA_API_KEY: unfilled('OPENAI_KEY') },
      /^SORA_API_KEY: \$\{OPENAI_KEY\} was not filled in/,
    ],
    [{ SORA_BASE_URL: unfilled('env:BASE') }, /^SORA_BASE_URL: \$\{env:BASE\} was not filled in/],
    [{ SORA_DATA_DIR: `${unfilled('HOME')}/x` }, /^SORA_DATA_DIR: \$\{HOME\}/],
    [{ SORA_PROJECT: '${input:project' }, /^SORA_PROJECT: \$\{input:project/],
    [{ SORA_BASE_URL: 'gw.example/v1' }, /^SORA_BASE_URL: is not a URL; write a full address, e\.g\. https:/],
    [{ SORA_BASE_URL: 'localhost:8080' }, /^SORA_BASE_URL: has the scheme localhost:, not http or https/],
    [{ SORA_BASE_URL: 'ftp://gw.example' }, /has the scheme ftp:/],
    [{ SORA_BASE_URL: 'https://me:pw@gw.example' }, /^SORA_BASE_URL: has a user name or password in it/],
    [{ SORA_BASE_URL: 'https://gw.example/v1?key=x' }, /has a query/],
    [
      { SORA_REVERSE_DIALECT: 'sedd' },
      /^SORA_REVERSE_DIALECT: no reverse dialect is called "sedd"; there are seed, sora-v1, unified-v2\. Did you mean seed\?/,
    ],
    [{ SORA_REVERSE_DIALECT: 'openai' }, /"openai" is a dialect of the forwarding route; reverse has seed/],
    [{ SORA_BASE_URL: 'https://gw.example', SORA_API_KEY: `Bearer ${KEY}` }, /^SORA_API_KEY: give the key alone/],
    [{ SORA_BASE_URL: 'https://gw.example', SORA_API_KEY: 'a\nb' }, /^SORA_API_KEY: holds a space/],
    [{ SORA_BUDGET_USD_DAY: 'ten' }, /^SORA_BUDGET_USD_DAY: "ten" is not an amount of US dollars: write a number/],
    [{ SORA_BUDGET_USD_MONTH: '-1' }, /^SORA_BUDGET_USD_MONTH/],
    [{ SORA_MAX_USD_PER_VIDEO: '1e3' }, /^SORA_MAX_USD_PER_VIDEO/],
    [{ SORA_CONFIRM_USD: '$5' }, /^SORA_CONFIRM_USD/],
    [{ SORA_CONFIG: 'gone.json' }, /^SORA_CONFIG: the file gone\.json cannot be read/],
  ])('%j is wrong', async (values, message) => {
    const found = await wrong(values);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(message);
    expect(found[0]).not.toContain(KEY);
  });

  test('everything that is wrong is told at once', async () => {
    const found = await wrong({ SORA_BASE_URL: 'x', SORA_REVERSE_DIALECT: 'y', SORA_CONFIRM_USD: 'z' });
    expect(found.map((each) => each.split(':')[0])).toEqual([
      'SORA_BASE_URL',
      'SORA_REVERSE_DIALECT',
      'SORA_CONFIRM_USD',
    ]);
  });

  test('names that look like ours and are none are noted', async () => {
    const { notes } = await env({
      SORA_BASEURL: 'https://gw.example',
      SORA_SOMETHING_ELSE: '1',
      SORA_REVERSE_DIALECT: 'seed',
    });
    expect(notes).toContain('SORA_BASEURL is not known; did you mean SORA_BASE_URL?');
    expect(notes).toContain('SORA_REVERSE_DIALECT has no effect without SORA_REVERSE_BASE_URL.');
    expect(notes).toHaveLength(2);
  });
});

describe('places, money, names', () => {
  test.each<[Partial<ConfigFacts>, string]>([
    [{}, '/home/me/.local/share/sora-mcp'],
    [{ env: { XDG_DATA_HOME: '/data' } }, '/data/sora-mcp'],
    [{ platform: 'darwin', home: '/Users/me' }, '/Users/me/Library/Application Support/sora-mcp'],
    [{ platform: 'win32', home: 'C:\\Users\\me', cwd: 'C:\\film' }, 'C:\\Users\\me\\AppData\\Local\\sora-mcp'],
    [{ env: { SORA_DATA_DIR: 'data' } }, '/home/me/film/data'],
    [{ env: { SORA_DATA_DIR: '~/sora' } }, '/home/me/sora'],
  ])('data directory %#', async (changes, dataDir) => {
    expect((await load(changes)).dataDir).toBe(dataDir);
  });

  test('input directories', async () => {
    expect((await load()).inputDirs).toEqual(['/home/me/.local/share/sora-mcp', '/home/me/film']);
    expect((await load({ cwd: '/' })).inputDirs).toEqual(['/home/me/.local/share/sora-mcp']);
    expect((await load({ argv: ['http'] })).inputDirs).toEqual([]);
    expect((await load({ argv: ['http'], env: { SORA_INPUT_DIRS: '/a:~/b: c ' } })).inputDirs).toEqual([
      '/a',
      '/home/me/b',
      '/home/me/film/c',
    ]);
    const windows = { platform: 'win32', home: 'C:\\me', cwd: 'C:\\film', env: { SORA_INPUT_DIRS: 'C:\\a;D:\\b' } };
    expect((await load(windows)).inputDirs).toEqual(['C:\\a', 'D:\\b']);
  });

  test('budget', async () => {
    const config = await env({
      SORA_BUDGET_USD_DAY: '5',
      SORA_BUDGET_USD_MONTH: '50.25',
      SORA_MAX_USD_PER_VIDEO: '0',
      SORA_CONFIRM_USD: '.5',
    });
    expect(config.budget).toEqual({ day: 5_000_000, month: 50_250_000, perVideo: 0, confirmAbove: 500_000 });
    expect((await env({})).budget).toEqual({});
  });

  test('project', async () => {
    expect((await load()).project).toBe('film');
    expect((await load({ cwd: '/' })).project).toBe('default');
    expect((await env({ SORA_PROJECT: 'a\u202eb\nc' })).project).toBe('ab c');
  });

  test('configPath', () => {
    expect(configPath(facts())).toBeUndefined();
    expect(configPath(facts({ env: { SORA_CONFIG: '~/s.json' } }))).toBe('/home/me/s.json');
    expect(configPath(facts({ env: { SORA_CONFIG: unfilled('X') } }))).toBeUndefined();
  });

  test('the config is frozen through and through, and keys do not print', async () => {
    const config = await env({ SORA_BASE_URL: 'https://gw.example', SORA_API_KEY: KEY, SORA_BUDGET_USD_DAY: '1' });
    for (const part of [config, config.backends, config.backends[0], config.budget, config.command, config.inputDirs]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
    expect(JSON.stringify(config) + inspect(config, { depth: 9, showHidden: true })).not.toContain(KEY);
  });
});

import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { definitionOf } from '../../src/backends/definition.ts';
import { inlineDialectIssues } from '../../src/backends/dialects/catalog.ts';
import { inlineDialectSchema } from '../../src/backends/dialects/schema.ts';
import {
  type Config,
  type ConfigFacts,
  configPath,
  type DialectCheck,
  describeProblems,
  loadConfig,
  USAGE,
} from '../../src/config.ts';
import { configFileJsonSchema } from '../../src/config-file.ts';

const KEY = 'sk-very-secret-0123456789';
/** What a client leaves in place when it does not know the variable. */
const unfilled = (name: string) => `\${${name}}`;
const TOKEN = 'token-0123456789abcdef';

function facts(changes: Partial<ConfigFacts> = {}): ConfigFacts {
  const now = Date.parse('2026-11-22T00:00:00Z');
  return { argv: [], env: {}, platform: 'linux', home: '/home/me', cwd: '/home/me/film', now, ...changes };
}

async function load(changes: Partial<ConfigFacts> = {}): Promise<Config> {
  const result = await loadConfig(facts(changes));
  if (!result.ok) throw new Error(describeProblems(result.problems));
  return result.config;
}

async function problems(changes: Partial<ConfigFacts>): Promise<string[]> {
  const result = await loadConfig(facts(changes));
  expect(result.ok).toBe(false);
  return result.ok ? [] : result.problems.map(({ where, message }) => `${where}: ${message}`);
}

const env = (values: Record<string, string>) => load({ env: values });
const wrong = (values: Record<string, string>, argv: string[] = []) => problems({ env: values, argv });
const withFile = (
  document: unknown,
  values: Record<string, string> = {},
  argv: string[] = [],
): Partial<ConfigFacts> => ({
  argv,
  env: { SORA_CONFIG: 'sora.json', ...values },
  file: { text: typeof document === 'string' ? document : JSON.stringify(document) },
});

describe('commands', () => {
  test.each([
    [[], { name: 'stdio' }],
    [['http'], { name: 'http', host: '127.0.0.1', port: 3333 }],
    [['http', '--port', '0', '--host=localhost'], { name: 'http', host: 'localhost', port: 0 }],
    [['--port', '8080', 'http'], { name: 'http', host: '127.0.0.1', port: 8080 }],
    [['demo'], { name: 'demo' }],
    [['demo', 'storyboard'], { name: 'demo', subject: 'storyboard' }],
    [['doctor', '--json'], { name: 'doctor', json: true }],
    [['doctor'], { name: 'doctor', json: false }],
    [['config', '--print-schema'], { name: 'config' }],
    [['tokens'], { name: 'tokens' }],
    [['--help'], { name: 'help' }],
    [['http', '-h'], { name: 'help' }],
    [['--version'], { name: 'version' }],
  ])('%j', async (argv, command) => {
    expect((await load({ argv })).command).toEqual(command);
  });

  test.each([
    [['--bogus'], /unknown option --bogus/],
    [['--prot', '1', 'http'], /unknown option --prot: did you mean --port\?/],
    [['-x'], /unknown option -x/],
    [['htpp'], /unknown command "htpp": did you mean http\?/],
    [['constructor'], /unknown command "constructor"/],
    [['--__proto__'], /unknown option/],
    [['--port', '1'], /--port belongs to http, not to stdio/],
    [['doctor', '--port', '1'], /--port belongs to http, not to doctor/],
    [['http', '--port'], /--port needs a value/],
    [['http', '--port', '99999'], /--port is a number from 0 to 65535, not 99999/],
    [['http', '--port', 'abc'], /not abc/],
    [['http', '--host='], /--host needs a value/],
    [['doctor', '--json=yes'], /--json takes no value/],
    [['demo', 'film'], /unexpected argument "film"/],
    [['demo', 'storyboard', 'x'], /unexpected argument "x"/],
    [['tokens', 'x'], /unexpected argument "x"/],
    [['config'], /config needs --print-schema/],
    [['--log-format', 'xml'], /--log-format is text or json/],
  ])('%j is fatal, with usage', async (argv, message) => {
    const result = await loadConfig(facts({ argv }));
    expect(result).toMatchObject({ ok: false, usage: true });
    expect((await problems({ argv })).join('\n')).toMatch(message);
  });

  test('the usage names every command and variable, and is short', () => {
    for (const word of ['http', 'demo', 'doctor', 'config', 'tokens', '--log-format', '--help', '--version']) {
      expect(USAGE).toContain(word);
    }
    const source = readFileSync(new URL('../../src/config-env.ts', import.meta.url), 'utf8');
    for (const [name] of source.matchAll(/SORA_[A-Z_]+/g)) expect(USAGE).toContain(name);
    expect(USAGE.split('\n').length).toBeLessThan(25);
  });

  test('what needs no backend is not stopped by a wrong environment', async () => {
    for (const argv of [['--help'], ['--version'], ['tokens'], ['config', '--print-schema']]) {
      expect(await load({ argv, env: { SORA_BASE_URL: 'rubbish', SORA_API_KEY: unfilled('KEY') } })).toMatchObject({
        sandbox: true,
      });
    }
  });

  test('--log-format', async () => {
    expect((await load()).logFormat).toBe('text');
    expect((await load({ argv: ['http', '--log-format', 'json'] })).logFormat).toBe('json');
  });
});

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

describe('over HTTP', () => {
  const http = ['http'];
  const open = ['http', '--host', '0.0.0.0'];

  test('a loopback server needs no token yet', async () => {
    expect((await load({ argv: http })).workspaces).toEqual([]);
    const config = await load({ argv: http, env: { SORA_HTTP_TOKEN: TOKEN, SORA_HTTP_ALLOWED_HOSTS: 'A.example, b' } });
    expect(config.workspaces.map((each) => [each.name, each.token.reveal()])).toEqual([['local', TOKEN]]);
    expect(config.allowedHosts).toEqual(['a.example', 'b']);
  });

  test('hosts are names or addresses, each as a URL spells it', async () => {
    const given = 'A.example:8443, 10.0.0.7, ::1, [0:0::1]:80, nas_1';
    const config = await load({
      argv: http,
      env: { SORA_HTTP_ALLOWED_HOSTS: given, SORA_FETCH_HOSTS: '::1, [::1], NAS' },
    });
    expect(config.allowedHosts).toEqual(['a.example:8443', '10.0.0.7', '[::1]', '[::1]:80', 'nas_1']);
    expect(config.fetchHosts).toEqual(['[::1]', '[::1]', 'nas']);
  });

  test.each(['*', '*.example', 'https://foo.example/', 'foo.example/mcp', 'me@foo.example', 'a b', 'a:b', '[a]'])(
    '%s is no host',
    async (host) => {
      for (const name of ['SORA_HTTP_ALLOWED_HOSTS', 'SORA_FETCH_HOSTS']) {
        const says = `${name}: ${JSON.stringify(host)} is not a host name; write each as in `;
        expect(await wrong({ [name]: host }, http)).toEqual([expect.stringContaining(says)]);
      }
    },
  );

  test('where a port means nothing, none is taken', async () => {
    expect(await wrong({ SORA_FETCH_HOSTS: 'nas.local:8080' }, http)).toHaveLength(1);
  });

  test('a host that others reach needs a token and the names it is reached by', async () => {
    const found = await wrong({}, open);
    expect(found).toEqual([
      expect.stringMatching(/^SORA_HTTP_TOKEN: listening on 0\.0\.0\.0/),
      expect.stringMatching(/^SORA_HTTP_ALLOWED_HOSTS/),
    ]);
    const config = await load({ argv: open, env: { SORA_HTTP_TOKEN: TOKEN, SORA_HTTP_ALLOWED_HOSTS: 'a' } });
    expect(config.command).toMatchObject({ host: '0.0.0.0' });
    for (const host of ['::1', 'localhost', '127.8.8.8']) await load({ argv: ['http', '--host', host] });
  });

  test('the address behind which it stands is checked, and its host allowed', async () => {
    const env = { SORA_HTTP_TOKEN: TOKEN, SORA_HTTP_PUBLIC_URL: 'https://Video.example/sora/' };
    const config = await load({ argv: open, env });
    expect(config).toMatchObject({ publicUrl: 'https://video.example/sora', allowedHosts: ['video.example'] });
    expect((await load({ argv: http })).publicUrl).toBeUndefined();
    expect(await wrong({ SORA_HTTP_PUBLIC_URL: 'video.example' }, http)).toEqual([
      expect.stringMatching(/^SORA_HTTP_PUBLIC_URL: is not a URL/),
    ]);
  });

  test('a short token is refused', async () => {
    expect(await wrong({ SORA_HTTP_TOKEN: 'abc' }, http)).toEqual([
      expect.stringMatching(/^SORA_HTTP_TOKEN: is too short/),
    ]);
    await env({ SORA_HTTP_TOKEN: 'abc' });
  });

  test('workspaces have their own token and budget, and the environment’s where theirs is silent', async () => {
    const document = {
      workspaces: [
        { name: 'film', token_env: 'FILM_TOKEN', budget_usd_day: 2 },
        { name: 'ads', token_env: 'ADS_TOKEN' },
      ],
    };
    const tokens = {
      FILM_TOKEN: `${TOKEN}-f`,
      ADS_TOKEN: `${TOKEN}-a`,
      SORA_BUDGET_USD_DAY: '9',
      SORA_CONFIRM_USD: '1',
    };
    const config = await load(withFile(document, tokens, http));
    expect(config).toMatchObject({ sandbox: true });
    expect(config.workspaces.map((each) => [each.name, each.budget])).toEqual([
      ['film', { day: 2_000_000, confirmAbove: 1_000_000 }],
      ['ads', { day: 9_000_000, confirmAbove: 1_000_000 }],
    ]);
    expect((await load(withFile(document))).workspaces).toEqual([]);
    expect(await problems(withFile(document, { FILM_TOKEN: TOKEN, ADS_TOKEN: TOKEN }, http))).toEqual([
      'workspaces[1].token_env: has the same token as film; each workspace needs its own',
    ]);
    expect(await problems(withFile(document, { FILM_TOKEN: TOKEN }, http))).toEqual([
      'workspaces[1].token_env: the variable ADS_TOKEN holds no token; set it',
    ]);
    expect(await problems(withFile({ workspaces: [{ name: 'local', token_env: 'A' }] }, { A: TOKEN }, http))).toEqual([
      expect.stringMatching(/^workspaces\[0\]\.name: "local" is the workspace of SORA_HTTP_TOKEN/),
    ]);
  });
});

describe('the file', () => {
  const backend = { id: 'one', route: 'forwarding', dialect: 'openai', base_url: 'https://one.example/v1' };

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

  const dialectIssues: DialectCheck = async (document, route) => inlineDialectIssues(document, route);
  const withDialect = (dialect: unknown) => ({
    ...withFile({
      backends: [
        { ...backend, id: 'zero' },
        { ...backend, dialect },
      ],
    }),
    dialectIssues,
  });
  const operations = {
    create: { method: 'POST', path: '/jobs', fields: { prompt: 'text' } },
    get: { method: 'GET', path: '/jobs/{id}' },
  };
  const whole = { operations, defaults: { model: 'm1', seconds: 5 } };

  test.each<[string, object, object]>([
    ['changes to a shipped one', { extends: 'gateway', operations: { create: { path: '/jobs' } } }, { name: 'inline' }],
    ['a whole one without name and route', whole, { name: 'inline', route: 'forwarding' }],
    ['a whole one with both', { ...whole, name: 'studio', route: 'forwarding' }, { name: 'studio' }],
  ])('a dialect described in it: %s', async (_, dialect, facts) => {
    const config = await load(withDialect(dialect));
    const definitions = await definitionOf(config);
    expect(definitions[1]!.dialect).toMatchObject({ ...facts, operations: { create: { path: '/jobs' } } });
  });

  test.each<[string, unknown, string[]]>([
    [
      'an unknown setting',
      { extends: 'gateway', operations: { create: { fields: { seconds: { name: 'length', typ: 'integer' } } } } },
      ['operations.create.fields.seconds.typ: is not known here'],
    ],
    [
      'a wrong value in a list',
      { ...whole, models: [{ id: 'm1', seconds: [5, 'ten'] }] },
      ['models[0].seconds[1]: Invalid input: expected number, received string'],
    ],
    ['an unknown base', { extends: 'gatewy' }, ['extends: no forwarding dialect is called "gatewy"; there are openai']],
    ['a base of the other route', { extends: 'seed' }, ['extends: "seed" is a dialect of the reverse route']],
    ['the other route', { ...whole, route: 'reverse' }, ["route: its backend's route is forwarding; leave this out"]],
    ['no get', { extends: 'gateway', operations: { get: null } }, ['operations.get: the dialect inline has no get']],
    [
      'a default model that it does not have',
      { extends: 'gateway', defaults: { model: 'other' } },
      ['defaults.model: the default model of the dialect inline is not among its models'],
    ],
    ['nothing', {}, ['operations: ', 'defaults: ']],
  ])('a dialect described in it with %s is refused at its place', async (_, dialect, expected) => {
    const found = await problems(withDialect(dialect));
    expect(found).toHaveLength(expected.length);
    expected.forEach((each, index) => {
      expect(found[index]).toContain(`backends[1].dialect.${each}`);
    });
  });

  test('without such a dialect nothing is asked about it', async () => {
    const never: DialectCheck = () => Promise.reject(new Error('it was asked'));
    await load({ ...withFile({ backends: [backend] }), dialectIssues: never });
    await load({ dialectIssues: never });
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

  test('its JSON Schema has both ways to describe a dialect', () => {
    const schema = JSON.parse(JSON.stringify(configFileJsonSchema(inlineDialectSchema(['openai', 'seed']))));
    const [named, described] = schema.properties.backends.items.properties.dialect.anyOf;
    expect(named).toEqual({ type: 'string' });
    const [changes, whole] = described.anyOf;
    expect(changes).toMatchObject({ required: ['extends'], properties: { extends: { enum: ['openai', 'seed'] } } });
    expect(whole.required).toEqual(['operations', 'defaults']);
  });
});

test('a start without a file loads no zod', () => {
  for (const name of ['config', 'config-env', 'config-values', 'config-command']) {
    const source = readFileSync(new URL(`../../src/${name}.ts`, import.meta.url), 'utf8');
    expect(source).not.toMatch(/^import (?!type)[^;]*from '(zod|\.\/config-file\.ts)'/m);
  }
});

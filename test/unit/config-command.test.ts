import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadConfig, USAGE } from '../../src/config.ts';
import { facts, load, problems, unfilled } from './config-fixtures.ts';

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

import { describe, expect, test } from 'vitest';
import { env, load, problems, TOKEN, withFile, wrong } from './config-fixtures.ts';

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

  test.each([
    '*',
    '*.example',
    'https://foo.example/',
    'foo.example/mcp',
    'me@foo.example',
    'a b',
    'a:b',
    '[a]',
    'a:65536',
  ])('%s is no host', async (host) => {
    for (const name of ['SORA_HTTP_ALLOWED_HOSTS', 'SORA_FETCH_HOSTS']) {
      const says = `${name}: ${JSON.stringify(host)} is not a host name; write each as in `;
      expect(await wrong({ [name]: host }, http)).toEqual([expect.stringContaining(says)]);
    }
  });

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

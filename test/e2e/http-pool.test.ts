import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aReport, fakeServices } from '../helpers/fake-services.ts';
import { modern, post, startHttp, type TestServer, TOKENS, until } from '../helpers/http.ts';
import { aMoment } from '../helpers/promptly.ts';

let server: TestServer;
let made: Record<string, number>;
const late: (() => Promise<void>)[] = [];

beforeEach(async () => {
  made = { alpha: 0, beta: 0 };
  const alpha = fakeServices({
    get: (_id, _wait, context) =>
      new Promise((resolve) => context?.signal?.addEventListener('abort', () => resolve(aReport()))),
  });
  server = await startHttp({
    fakes: { alpha },
    extend: (mcp, workspace) => {
      made[workspace] = (made[workspace] ?? 0) + 1;
      // Goes on talking after its answer, as no tool should.
      mcp.registerTool('talker', { description: 'Talks on' }, (ctx) => {
        const progressToken = ctx.mcpReq._meta?.progressToken ?? 'stolen';
        late.push(() =>
          ctx.mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress: 1 } }),
        );
        return { content: [{ type: 'text', text: 'Done.' }] };
      });
    },
  });
});
afterEach(() => server.close());

const call = async (name: string, extra: object = {}, token: string = TOKENS.alpha) => {
  const { body, headers } = modern('tools/call', { name, arguments: {}, ...extra });
  return (await post(`${server.url}/mcp`, body, { ...headers, authorization: `Bearer ${token}` })).text();
};

describe('a server of the 2026 protocol', () => {
  it('serves again within its workspace, and never in another', async () => {
    for (let round = 0; round < 20; round++) {
      expect(await call('list_characters')).toContain('coffee_girl');
      expect(await call('list_characters', {}, TOKENS.beta)).toContain('coffee_girl');
    }
    expect(made).toEqual({ alpha: 1, beta: 1 });
  });

  it('answers as many as come at once', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => call('list_characters')));
    expect(answers.every((answer) => answer.includes('coffee_girl'))).toBe(true);
    expect(made.alpha).toBeLessThanOrEqual(100);
  });

  it('does not serve again after a call that might still tell its progress', async () => {
    await call('talker', { _meta: { progressToken: 'mine' } });
    const { body, headers } = modern('tools/call', { name: 'get_task', arguments: { task_id: 't', wait_seconds: 9 } });
    const leave = new AbortController();
    const all = { ...headers, 'content-type': 'application/json', authorization: `Bearer ${TOKENS.alpha}` };
    let heard = '';
    const running = fetch(`${server.url}/mcp`, {
      method: 'POST',
      headers: all,
      body: JSON.stringify(body),
      signal: leave.signal,
    })
      .then(async (response) => {
        for await (const chunk of response.body!) heard += new TextDecoder().decode(chunk);
      })
      .catch(() => {});
    await until(() => (server.services.alpha.calls.get?.length ?? 0) === 1);
    for (const talk of late.splice(0)) await talk().catch(() => {});
    await call('list_characters', {}, TOKENS.beta);
    await aMoment();
    expect(heard).toBe('');
    expect(made.alpha).toBe(2);
    leave.abort();
    await running;
  });

  it('does not serve again when its client left in the middle', async () => {
    const { body, headers } = modern('tools/call', { name: 'get_task', arguments: { task_id: 't', wait_seconds: 9 } });
    const leave = new AbortController();
    const all = { ...headers, 'content-type': 'application/json', authorization: `Bearer ${TOKENS.alpha}` };
    const running = fetch(`${server.url}/mcp`, {
      method: 'POST',
      headers: all,
      body: JSON.stringify(body),
      signal: leave.signal,
    });
    running.catch(() => {});
    await until(() => (server.services.alpha.calls.get?.length ?? 0) === 1);
    leave.abort();
    await until(() => server.lines.some((line) => line.includes(' 499 ')));
    await call('list_characters');
    expect(made.alpha).toBe(2);
  });
});

import type { Client } from '@modelcontextprotocol/client';
import { afterEach, describe, expect, it } from 'vitest';
import { aCharacter, aReport, fakeServices } from '../helpers/fake-services.ts';
import { CLIENTS, modern, post, startHttp, type TestServer, type TestServerOptions, until } from '../helpers/http.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

async function start(options?: TestServerOptions): Promise<TestServer> {
  const server = await startHttp(options);
  open.push(server);
  return server;
}

async function connect(server: TestServer, ...how: Parameters<TestServer['connect']>): Promise<Client> {
  const client = await server.connect(...how);
  open.push(client);
  return client;
}

describe.each(CLIENTS)('a %s client', (kind) => {
  it('lists the tools, calls one, reads a resource and gets a prompt', async () => {
    const server = await start();
    const client = await connect(server, kind);

    const { tools } = await client.listTools();
    const called = await client.callTool({ name: 'list_characters', arguments: {} });
    const read = await client.readResource({ uri: 'sora://characters' });
    const { prompts } = await client.listPrompts();

    expect(tools.map(({ name }) => name)).toContain('generate_video');
    expect(called.structuredContent).toMatchObject({ characters: [{ handle: 'coffee_girl' }] });
    expect(JSON.stringify(read.contents)).toContain('coffee_girl');
    expect(prompts.length).toBeGreaterThan(0);
  });

  it('gets a bad argument as a tool error that names the field', async () => {
    const server = await start();
    const client = await connect(server, kind);
    const called = await client.callTool({ name: 'get_task', arguments: { wait_seconds: 99 } });
    expect(called).toMatchObject({ isError: true, structuredContent: { error: { field: 'wait_seconds' } } });
  });

  it('sees only what is in its workspace', async () => {
    const alpha = fakeServices({ characters: [aCharacter({ handle: 'alpha_cat' })] });
    const beta = fakeServices({ characters: [aCharacter({ handle: 'beta_dog' })] });
    const server = await start({ fakes: { alpha, beta } });
    const a = await connect(server, kind, { workspace: 'alpha' });
    const b = await connect(server, kind, { workspace: 'beta' });

    const [ofA, ofB] = await Promise.all(
      [a, b].map((each) => each.callTool({ name: 'list_characters', arguments: {} })),
    );

    expect(JSON.stringify(ofA)).toContain('alpha_cat');
    expect(JSON.stringify(ofA)).not.toContain('beta_dog');
    expect(JSON.stringify(ofB)).toContain('beta_dog');
    expect(JSON.stringify(ofB)).not.toContain('alpha_cat');
    await expect(b.readResource({ uri: 'sora://characters/alpha_cat' })).rejects.toThrow();
    const ref = { type: 'ref/resource', uri: 'sora://characters/{handle}' } as const;
    const completed = await b.complete({ ref, argument: { name: 'handle', value: 'alpha' } });
    expect(completed.completion.values).toEqual([]);
  });

  it('tells progress to its caller alone', async () => {
    const fakes = { alpha: slowTask(), beta: slowTask() };
    const server = await start({ fakes });
    const heard = { caller: 0, neighbour: 0, other: 0 };
    const count = (who: keyof typeof heard) => (message: Record<string, unknown>) => {
      if (message.method === 'notifications/progress') heard[who]++;
    };
    const caller = await connect(server, kind, { onMessage: count('caller') });
    const neighbour = await connect(server, kind, { onMessage: count('neighbour') });
    const other = await connect(server, kind, { workspace: 'beta', onMessage: count('other') });

    const ask = { name: 'get_task', arguments: { task_id: 'task_1', wait_seconds: 5 } };
    const results = await Promise.all([
      caller.callTool(ask, { onprogress: () => {} }),
      neighbour.callTool(ask),
      other.callTool(ask),
    ]);

    expect(results.map(({ isError }) => isError ?? false)).toEqual([false, false, false]);
    expect(heard).toEqual({ caller: 3, neighbour: 0, other: 0 });
  });

  it('cancels a call, and the server stops working on it', async () => {
    let aborted = false;
    const alpha = fakeServices({
      get: (_reference, _wait, context) =>
        new Promise((resolve) => {
          context?.signal?.addEventListener('abort', () => {
            aborted = true;
            resolve(aReport());
          });
        }),
    });
    const server = await start({ fakes: { alpha } });
    const client = await connect(server, kind);
    const stop = new AbortController();

    const call = client.callTool(
      { name: 'get_task', arguments: { task_id: 'task_1', wait_seconds: 40 } },
      { signal: stop.signal },
    );
    call.catch(() => {});
    await until(() => (alpha.calls.get?.length ?? 0) > 0);
    stop.abort();

    await expect(call).rejects.toThrow();
    await until(() => aborted);
  });
});

function slowTask() {
  return fakeServices({
    get: async (_reference, wait) => {
      for (const progress of [10, 50, 90]) {
        wait?.onProgress?.(aReport({ progress }));
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return aReport({ state: 'completed', progress: 100 });
    },
  });
}

describe('plain fetch', () => {
  it('needs no hello in the 2026 protocol', async () => {
    const server = await start();
    const { body, headers } = modern('tools/call', { name: 'list_characters', arguments: {} });
    const response = await post(`${server.url}/mcp`, body, headers);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await response.json()).toMatchObject({ id: 1, result: { structuredContent: { characters: [{}] } } });
  });

  it('with equal ids at the same time, everyone gets their own answer', async () => {
    const fakes = {
      alpha: fakeServices({ characters: [aCharacter({ handle: 'alpha_cat' })] }),
      beta: fakeServices({ characters: [aCharacter({ handle: 'beta_dog' })] }),
    };
    const server = await start({ fakes });
    const clients = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        connect(server, CLIENTS[index % CLIENTS.length]!, { workspace: index % 8 < 4 ? 'alpha' : 'beta' }),
      ),
    );
    // Fresh clients number their requests alike.
    const answers = await Promise.all(clients.map((each) => each.callTool({ name: 'list_characters', arguments: {} })));
    const handles = answers.map((answer) => (JSON.stringify(answer).match(/alpha_cat|beta_dog/) ?? [])[0]);
    expect(handles).toEqual(clients.map((_, index) => (index % 8 < 4 ? 'alpha_cat' : 'beta_dog')));
  });

  it('answers health without a token, and tells nothing else', async () => {
    const server = await start();
    const [alive, ready] = await Promise.all(['/healthz', '/readyz'].map((path) => fetch(server.url + path)));
    expect([alive?.status, await alive?.json()]).toEqual([200, { status: 'ok' }]);
    expect([ready?.status, await ready?.json()]).toEqual([200, { status: 'ready' }]);
  });

  it('is not ready when the store does not open', async () => {
    const server = await start({ services: () => Promise.reject(new Error('disk full: /secret/path')) });
    const response = await fetch(`${server.url}/readyz`);
    expect([response.status, await response.text()]).toEqual([503, '{"status":"unready"}']);
  });
});

import type { Client } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import { aReport, fakeServices } from '../helpers/fake-services.ts';
import { CLIENTS, until } from '../helpers/http.ts';
import { connect, start } from './http-fixtures.ts';

describe('news of changes', () => {
  it('reaches all older clients of the workspace that subscribed, and nobody else', async () => {
    const server = await start();
    const heard: Record<string, string[]> = {};
    const kinds = CLIENTS.filter((kind) => kind !== '2026');
    for (const kind of kinds) {
      for (const workspace of ['alpha', 'beta'] as const) {
        const name = `${kind} ${workspace}`;
        heard[name] = [];
        const news = (message: Record<string, unknown>) => {
          const { method, params } = message as { method?: string; params?: { uri?: string } };
          if (method !== undefined) heard[name]?.push(`${method} ${params?.uri ?? ''}`.trim());
        };
        const client = await connect(server, kind, { workspace, onMessage: news });
        for (const task of ['task_first', 'task_1', 'task_last']) {
          await client.subscribeResource({ uri: `sora://tasks/${task}` });
        }
      }
    }
    const { alpha, beta } = server.services;
    const tellBoth = (taskId: string) => {
      for (const services of [alpha, beta]) services.emit({ kind: 'task', taskId });
    };
    const first = 'notifications/resources/updated sora://tasks/task_first';
    const last = 'notifications/resources/updated sora://tasks/task_last';
    const reached = (news: string) => Object.values(heard).every((told) => told.includes(news));
    // The stream for news opens some time after the hello.
    await until(() => {
      tellBoth('task_first');
      return reached(first);
    });

    alpha.emit({ kind: 'task', taskId: 'task_1' });
    alpha.emit({ kind: 'task', taskId: 'task_other' });
    alpha.emit({ kind: 'catalog', handle: 'new_one', listChanged: true });
    await until(() => kinds.every((kind) => heard[`${kind} alpha`]?.includes('notifications/resources/list_changed')));
    tellBoth('task_last');
    await until(() => reached(last));

    for (const kind of kinds) {
      const news = (workspace: string) => heard[`${kind} ${workspace}`]?.filter((each) => each !== first).sort();
      expect([kind, news('alpha')]).toEqual([
        kind,
        ['notifications/resources/list_changed', 'notifications/resources/updated sora://tasks/task_1', last],
      ]);
      expect([kind, news('beta')]).toEqual([kind, [last]]);
    }
  });

  it('reaches those who listen in the 2026 protocol, of the same workspace', async () => {
    const server = await start();
    const heard: Record<string, unknown[]> = { alpha: [], beta: [] };
    const resourceSubscriptions = ['sora://tasks/task_1', 'sora://tasks/task_last'];
    for (const workspace of ['alpha', 'beta'] as const) {
      const client = await connect(server, '2026', { workspace });
      client.setNotificationHandler(
        'notifications/resources/updated',
        ({ params }) => void heard[workspace]?.push(params.uri),
      );
      client.setNotificationHandler('notifications/resources/list_changed', () => void heard[workspace]?.push('list'));
      await client.listen({ resourcesListChanged: true, resourceSubscriptions });
    }
    server.services.alpha.emit({ kind: 'task', taskId: 'task_1' });
    server.services.alpha.emit({ kind: 'catalog', handle: 'new_one', listChanged: true });
    await until(() => (heard.alpha?.length ?? 0) >= 2);
    for (const services of Object.values(server.services)) services.emit({ kind: 'task', taskId: 'task_last' });
    const last = 'sora://tasks/task_last';
    await until(() => Object.values(heard).every((told) => told.includes(last)));
    expect(heard).toEqual({ alpha: ['sora://tasks/task_1', 'list', last], beta: [last] });
  });

  it('leaves no listener behind when the clients go', async () => {
    const server = await start();
    for (const kind of ['2025', 'v1-http', 'v1-sse'] as const) {
      const client = await server.connect(kind);
      await client.callTool({ name: 'list_characters', arguments: {} });
      if (kind !== 'v1-sse')
        await (client.transport as unknown as { terminateSession(): Promise<void> }).terminateSession();
      await client.close();
    }
    await until(() => server.services.alpha.listeners() === 0);
  });
});

describe('a question to the person', () => {
  const asking = () =>
    fakeServices({
      generate: async (_input, context) => {
        if (context?.confirm === undefined) throw new Error('cannot be asked');
        const text = 'It costs $3.00. Go on?';
        const yes = await context.confirm({ text, mark: text, accepts: (mark) => mark === text });
        return aReport({ state: yes ? 'queued' : 'failed' });
      },
    });

  it.each(CLIENTS)('reaches a %s client that can be asked, and its answer counts', async (kind) => {
    const server = await start({ fakes: { alpha: asking() } });
    const asked: unknown[] = [];
    const client = await connect(server, kind, {
      capabilities: { elicitation: {} },
      prepare: (made) => {
        const answer = ({ params }: { params: { message: string } }) => {
          asked.push(params.message);
          return { action: 'accept', content: { confirm: true } } as const;
        };
        if (kind.startsWith('v1')) answerAsV1(made, answer);
        else made.setRequestHandler('elicitation/create', answer as never);
      },
    });
    const called = await client.callTool({ name: 'generate_video', arguments: { prompt: 'A cat' } });
    expect(asked).toEqual(['It costs $3.00. Go on?']);
    expect(called).toMatchObject({ structuredContent: { status: 'queued' } });
  });

  it.each(CLIENTS)('is never taken for answered when a %s client cannot be asked', async (kind) => {
    const server = await start({ fakes: { alpha: asking() } });
    const client = await connect(server, kind);
    const called = await client.callTool({ name: 'generate_video', arguments: { prompt: 'A cat' } });
    expect(called.isError).toBe(true);
  });
});

/** The older SDK wants a schema where the newer takes a name. */
function answerAsV1(client: Client, answer: (request: never) => unknown): void {
  const handlers = (client as unknown as { _requestHandlers: Map<string, (request: unknown) => Promise<unknown>> })
    ._requestHandlers;
  handlers.set('elicitation/create', async (request) => answer(request as never));
}

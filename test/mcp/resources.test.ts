import { describe, expect, onTestFinished, test } from 'vitest';
import {
  aCharacter,
  aReport,
  type Connection,
  type ConnectOptions,
  call,
  connectMcp,
  ERAS,
  fakeServices,
} from '../helpers/mcp.ts';
import { aMoment, until } from '../helpers/promptly.ts';

async function connect(options: ConnectOptions = {}) {
  const connection = await connectMcp(options);
  onTestFinished(() => connection.close());
  return connection;
}

async function read(connection: Connection, uri: string): Promise<Record<string, unknown>> {
  const { contents } = await connection.client.readResource({ uri });
  const [content] = contents as [{ uri: string; mimeType: string; text: string }];
  expect(content).toMatchObject({ uri, mimeType: 'application/json' });
  expect(content.text).not.toMatch(/null|""|\[\]|\{\}/);
  return JSON.parse(content.text);
}

describe('resources', () => {
  test.each(ERAS)('are listed, with the latest characters (%s)', async (era) => {
    const connection = await connect({ era });
    const { resources } = await connection.client.listResources();
    expect(resources.map(({ uri }) => uri)).toEqual([
      'sora://characters',
      'sora://storyboards',
      'sora://pricing',
      'sora://backends',
      'sora://spend',
      'sora://characters/coffee_girl',
    ]);
    const { resourceTemplates } = await connection.client.listResourceTemplates();
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual([
      'sora://characters/{handle}',
      'sora://tasks/{id}',
      'sora://storyboards/{id}',
    ]);
  });

  test.each(ERAS)('are read (%s)', async (era) => {
    const connection = await connect({ era, nextCursor: 'c2' });
    const catalog = await read(connection, 'sora://characters');
    expect(catalog.characters).toMatchObject([{ handle: 'coffee_girl' }]);
    expect(String(catalog.hint)).toContain('cursor c2');
    expect(await read(connection, 'sora://characters/coffee_girl')).toMatchObject({ id: 'chr_0123456789abcdef' });
    expect(await read(connection, 'sora://characters/%40coffee_girl')).toMatchObject({ handle: 'coffee_girl' });
    expect(await read(connection, 'sora://tasks/task_1')).toMatchObject({
      task_id: 'task_0123456789abcdefghij',
      prompt: 'A girl drinks coffee',
      reasons: ['It is the cheapest.'],
      remote_id: 'remote_1',
      created_at: '2026-11-22T12:00:00Z',
    });
    const pricing = await read(connection, 'sora://pricing');
    expect(pricing).toMatchObject({ duration: 10, budget: { day: { used_usd: 1.5 } } });
    const { backends } = (await read(connection, 'sora://backends')) as { backends: unknown[] };
    expect(backends).toMatchObject([
      { id: 'sandbox-reverse', sandbox: true, can: ['create_character', 'extract_character', 'reference_image'] },
    ]);
    expect(await read(connection, 'sora://spend')).toMatchObject({
      by_day: [{ day: '2026-11-22', videos: 3, spent_usd: 0.36 }],
    });
  });

  test('an empty catalog says so', async () => {
    const connection = await connect({ characters: [] });
    expect(await read(connection, 'sora://characters')).toEqual({ hint: expect.stringContaining('create_character') });
  });

  const unknown = [
    'sora://characters/nobody',
    'sora://tasks/task_none',
    'sora://nothing',
    'sora://characters/%E0%A4%A',
    `sora://characters/${'x'.repeat(5_000)}`,
    'sora://characters/a/b',
    'file:///etc/passwd',
  ];
  test.each(ERAS.flatMap((era) => unknown.map((uri) => [era, uri] as const)))(
    '%s: %s is not there',
    async (era, uri) => {
      const connection = await connect({ era });
      const refusal = await connection.client.readResource({ uri }).catch((error: { code: number }) => error);
      expect([-32602, -32002]).toContain((refusal as { code: number }).code);
      expect(connection.logged).toEqual([]);
    },
  );

  test('a defect is told to the operator only', async () => {
    const connection = await connect({ get: () => Promise.reject(new Error('secret state')) });
    await expect(connection.client.readResource({ uri: 'sora://tasks/t' })).rejects.toThrow(/operator's log/);
    expect(connection.logged).toEqual(['sora://tasks/t: Error: secret state']);
    expect(JSON.stringify(connection.sent)).not.toContain('secret');
  });

  test.each(ERAS)('complete handles and task ids (%s)', async (era) => {
    const characters = ['coffee_girl', 'coffee_boy', 'tea_girl'].map((handle) => aCharacter({ handle }));
    const connection = await connect({ era, characters });
    const complete = async (uri: string, name: string, value: string) => {
      const ref = { type: 'ref/resource' as const, uri };
      return (await connection.client.complete({ ref, argument: { name, value } })).completion.values;
    };
    expect(await complete('sora://characters/{handle}', 'handle', 'cof')).toEqual(['coffee_girl', 'coffee_boy']);
    expect(await complete('sora://characters/{handle}', 'handle', '@tea')).toEqual(['tea_girl']);
    expect(await complete('sora://tasks/{id}', 'id', 'task_0')).toEqual(['task_0123456789abcdefghij']);
    expect(await complete('sora://tasks/{id}', 'id', 'x')).toEqual([]);
  });
});

describe('notifications', () => {
  const methods = (connection: Connection) =>
    connection.sent.flatMap((message) => {
      if (!('method' in message) || !message.method.startsWith('notifications/resources')) return [];
      const params = message.params as { uri?: string } | undefined;
      return [params?.uri ?? 'list_changed'];
    });

  test.each(['2025', 'v1'] as const)('reach a client that subscribed (%s)', async (era) => {
    const connection = await connect({ era });
    const { client, services } = connection;
    expect(client.getServerCapabilities()?.resources).toEqual({ listChanged: true, subscribe: true });
    await client.subscribeResource({ uri: 'sora://tasks/t1' });
    await client.subscribeResource({ uri: 'sora://characters/coffee_girl' });
    await until(() => services.listeners() === 1);
    services.emit({ kind: 'task', taskId: 't1' });
    services.emit({ kind: 'task', taskId: 't2' });
    services.emit({ kind: 'catalog', handle: 'coffee_girl', listChanged: false });
    await until(() => methods(connection).length >= 2);
    expect(methods(connection)).toEqual(['sora://tasks/t1', 'sora://characters/coffee_girl']);
    await client.unsubscribeResource({ uri: 'sora://tasks/t1' });
    services.emit({ kind: 'task', taskId: 't1' });
    services.emit({ kind: 'catalog', handle: 'tea_girl', listChanged: true });
    await until(() => methods(connection).length >= 3);
    services.emit({ kind: 'catalog', handle: 'coffee_girl', listChanged: false });
    await until(() => methods(connection).length >= 4);
    expect(methods(connection).slice(2)).toEqual(['list_changed', 'sora://characters/coffee_girl']);
  });

  test('a whole catalog adopted at once is one piece of news', async () => {
    const connection = await connect();
    await call(connection, 'list_characters');
    for (let at = 0; at < 100; at++) connection.services.emit({ kind: 'catalog', handle: `c${at}`, listChanged: true });
    await until(() => methods(connection).length > 0);
    await connection.client.subscribeResource({ uri: 'sora://tasks/last' });
    connection.services.emit({ kind: 'task', taskId: 'last' });
    await until(() => methods(connection).includes('sora://tasks/last'));
    expect(methods(connection)).toEqual(['list_changed', 'sora://tasks/last']);
  });

  test('only our resources can be subscribed to', async () => {
    const connection = await connect();
    await expect(connection.client.subscribeResource({ uri: 'file:///etc/passwd' })).rejects.toThrow();
  });

  test('in 2026 they go to what listens, and to nothing else', async () => {
    const connection = await connect({ era: '2026' });
    await call(connection, 'list_characters');
    connection.services.emit({ kind: 'catalog', handle: 'a', listChanged: true });
    await call(connection, 'list_characters');
    expect(methods(connection)).toEqual([]);
    const listen = await connection.client.listen({
      resourcesListChanged: true,
      resourceSubscriptions: ['sora://tasks/t1'],
    });
    connection.services.emit({ kind: 'task', taskId: 't1' });
    connection.services.emit({ kind: 'task', taskId: 't2' });
    connection.services.emit({ kind: 'catalog', handle: 'a', listChanged: true });
    await until(() => methods(connection).length >= 2);
    expect(methods(connection)).toEqual(['sora://tasks/t1', 'list_changed']);
    await listen.close();
    await connection.client.listen({ resourceSubscriptions: ['sora://tasks/t3'] });
    connection.services.emit({ kind: 'task', taskId: 't1' });
    connection.services.emit({ kind: 'task', taskId: 't3' });
    await until(() => methods(connection).includes('sora://tasks/t3'));
    expect(methods(connection)).toEqual(['sora://tasks/t1', 'list_changed', 'sora://tasks/t3']);
  });

  test.each(ERAS)('stop when the connection closes (%s)', async (era) => {
    const services = fakeServices();
    const connection = await connectMcp({ era, services });
    expect(services.listeners()).toBe(0);
    await call(connection, 'list_characters');
    await call(connection, 'get_task');
    expect(services.listeners()).toBe(1);
    await connection.close();
    await until(() => services.listeners() === 0);
    services.emit({ kind: 'task', taskId: 't' });
    expect(connection.logged).toEqual([]);
  });

  test('a connection that closes while the services come up leaves no listener', async () => {
    const services = fakeServices();
    let ready = () => {};
    const slow = new Promise<void>((resolve) => {
      ready = resolve;
    });
    let asked = false;
    const coming = () => {
      asked = true;
      return slow.then(() => services);
    };
    const connection = await connectMcp({ services, deps: { services: coming } });
    expect(asked).toBe(false);
    const answer = call(connection, 'get_task', { task_id: 't' }).catch(() => 'gone');
    await until(() => asked);
    await connection.close();
    ready();
    expect(await answer).toBe('gone');
    await aMoment();
    expect(services.listeners()).toBe(0);
  });

  test('a server for one request never listens; one may listen from the start', async () => {
    const never = await connect({ deps: { watching: 'never' } });
    await call(never, 'list_characters');
    expect(never.services.listeners()).toBe(0);
    const eager = await connect({ deps: { watching: 'on-connect' } });
    await until(() => eager.services.listeners() === 1);
  });

  test('progress of a task reaches only who subscribed to it', async () => {
    const services = fakeServices({ get: async () => aReport() });
    const one = await connect({ services });
    const other = await connect({ services });
    await one.client.subscribeResource({ uri: 'sora://tasks/t1' });
    await call(other, 'get_task', { task_id: 't1' });
    await other.client.subscribeResource({ uri: 'sora://tasks/t2' });
    await until(() => services.listeners() === 2);
    services.emit({ kind: 'task', taskId: 't1' });
    services.emit({ kind: 'task', taskId: 't2' });
    await until(() => methods(one).length > 0 && methods(other).length > 0);
    expect(methods(one)).toEqual(['sora://tasks/t1']);
    expect(methods(other)).toEqual(['sora://tasks/t2']);
  });
});

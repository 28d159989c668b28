import { PassThrough, Writable } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import { createMcpServer } from '../../src/mcp/server.ts';
import { serveStdioTransport } from '../../src/transports/stdio.ts';
import { aReport, fakeServices } from '../helpers/mcp.ts';
import { aMoment, PROMPTLY_MS, until } from '../helpers/promptly.ts';

const HELLO = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
};
const INITIALIZED = { jsonrpc: '2.0', method: 'notifications/initialized' };
const PING = { jsonrpc: '2.0', id: 'ping', method: 'ping' };

function getTask(id: number) {
  return { jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'get_task', arguments: { task_id: 't' } } };
}

type Message = { id?: unknown; result?: unknown; error?: { code: number }; method?: string; params?: unknown };

/** A server on a pair of plain streams. */
function serve(
  options: { get?: () => Promise<ReturnType<typeof aReport>>; maxLineBytes?: number; graceMs?: number } = {},
) {
  const services = fakeServices(options.get ? { get: options.get } : {});
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const logged: string[] = [];
  const log = (line: string) => void logged.push(line);
  let written = '';
  stdout.on('data', (chunk) => {
    written += chunk;
  });
  let closings = 0;
  let closed = () => {};
  const gone = new Promise<void>((resolve) => {
    closed = resolve;
  });
  const connection = serveStdioTransport({
    stdin,
    stdout,
    log,
    maxLineBytes: options.maxLineBytes,
    graceMs: options.graceMs,
    factory: () =>
      createMcpServer({
        facts: { version: '0', sandbox: true, backendIds: [] },
        services: async () => services,
        log,
      }),
    onClose: () => {
      closings += 1;
      closed();
    },
  });
  const messages = (): Message[] =>
    written
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  const answer = async (id: unknown): Promise<Message> => {
    const find = () => messages().find((message) => message.id === id);
    await vi.waitFor(() => expect(find(), `${String(id)} in ${written}`).toBeDefined(), { timeout: PROMPTLY_MS });
    return find() as Message;
  };
  const say = (...lines: unknown[]) => {
    for (const line of lines) stdin.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`);
  };
  return { stdin, stdout, logged, services, connection, gone, messages, answer, say, closings: () => closings };
}

describe('stdio', () => {
  test.each([
    ['not JSON', 'hello?'],
    ['half a message', '{"jsonrpc":"2.0","id":'],
    ['a shell prompt', 'Content-Length: 32'],
    ['a number', '42'],
    ['null', 'null'],
    ['a batch', '[{"jsonrpc":"2.0","id":5,"method":"ping"}]'],
    ['no JSON-RPC', '{"hello":1}'],
    ['invalid UTF-8', Buffer.from([0xff, 0xfe, 0x22]).toString('latin1')],
  ])('outlives %s, before and after hello, and says so in one line', async (_what, line) => {
    const { say, answer, logged, closings, messages } = serve();
    say(line, HELLO);
    await answer(1);
    say(INITIALIZED, line, '', PING);
    expect(await answer('ping')).toMatchObject({ result: {} });
    expect(logged).toHaveLength(2);
    for (const entry of logged) expect(entry).toMatch(/^stdin: dropped/);
    expect(messages()).toHaveLength(2);
    expect(closings()).toBe(0);
  });

  test('answers a broken request that has an id', async () => {
    const { say, answer } = serve();
    say(HELLO, { id: 7, method: 'ping' });
    expect(await answer(7)).toMatchObject({ error: { code: -32600 } });
  });

  test('outlives a line without end', async () => {
    const { say, stdin, answer, logged } = serve({ maxLineBytes: 10_000 });
    say(HELLO);
    await answer(1);
    for (let at = 0; at < 50; at++) stdin.write('x'.repeat(1_000));
    say('', PING);
    expect(await answer('ping')).toMatchObject({ result: {} });
    expect(logged).toEqual(['stdin: dropped a message of more than 10000 bytes']);
  });

  test('takes messages in any pieces', async () => {
    const { stdin, answer } = serve();
    const bytes = Buffer.from(`${JSON.stringify({ ...HELLO, id: 'ключ' })}\r\n${JSON.stringify(PING)}\n`);
    for (const byte of bytes) stdin.write(Buffer.from([byte]));
    await answer('ключ');
    await answer('ping');
  });

  test('closes at the end of stdin, once', async () => {
    const { say, answer, stdin, gone, closings, services, logged } = serve();
    say(HELLO, INITIALIZED, getTask(2));
    await answer(2);
    expect(services.listeners()).toBe(1);
    stdin.end();
    await gone;
    await until(() => services.listeners() === 0);
    await aMoment();
    expect(closings()).toBe(1);
    expect(logged).toEqual([]);
  });

  test('answers what was asked before stdin ended', async () => {
    const get = async () => {
      await until(() => messages().some(({ id }) => id === 3));
      return aReport();
    };
    const { say, stdin, gone, messages } = serve({ get, graceMs: 2 * PROMPTLY_MS });
    say(HELLO, INITIALIZED, getTask(2), { jsonrpc: '2.0', id: 3, method: 'tools/list' });
    stdin.end();
    await gone;
    expect(messages().map(({ id }) => id)).toEqual([1, 3, 2]);
  });

  test('does not wait for long after stdin ended', async () => {
    const { say, answer, stdin, gone, logged } = serve({ get: () => new Promise(() => {}), graceMs: 50 });
    say(HELLO, INITIALIZED, getTask(2));
    await answer(1);
    stdin.end();
    await gone;
    expect(logged).toEqual([]);
  });

  test('closes when nobody reads stdout any more', async () => {
    const stdin = new PassThrough();
    const broken = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
    const stdout = new Writable({ write: (_chunk, _encoding, done) => done(broken) });
    const logged: string[] = [];
    const services = fakeServices();
    await new Promise<void>((resolve) => {
      serveStdioTransport({
        stdin,
        stdout,
        log: (line) => logged.push(line),
        factory: () =>
          createMcpServer({
            facts: { version: '0', sandbox: true, backendIds: [] },
            services: async () => services,
            log: (line) => logged.push(line),
          }),
        onClose: resolve,
      });
      stdin.write(`${JSON.stringify(HELLO)}\n`);
    });
    stdin.write(`${JSON.stringify(PING)}\n`);
    await aMoment();
    for (const line of logged) expect(line).not.toContain('\n');
  });

  test('close() ends it, once', async () => {
    const { say, answer, connection, closings } = serve();
    say(HELLO);
    await answer(1);
    await connection.close();
    await connection.close();
    expect(closings()).toBe(1);
  });

  test.each([
    ['2025-03-26', 1],
    ['2025-06-18', 2],
  ])('a client of %s gets only the kinds of content it knows', async (protocolVersion, parts) => {
    const { say, answer } = serve({ get: async () => aReport({ state: 'completed', filePath: '/tmp/a b.mp4' }) });
    say({ ...HELLO, params: { ...HELLO.params, protocolVersion } }, INITIALIZED, getTask(2));
    const { result } = (await answer(2)) as { result: { content: { uri?: string }[] } };
    expect(result.content).toHaveLength(parts);
    if (parts === 2) expect(result.content[1]?.uri).toBe('file:///tmp/a%20b.mp4');
  });

  test('a client of 2026 that listens before anything else hears of changes', async () => {
    const meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    const { say, services, messages, answer } = serve();
    say({ jsonrpc: '2.0', id: 1, method: 'server/discover', params: { _meta: meta } });
    await answer(1);
    const notifications = { resourceSubscriptions: ['sora://tasks/t1', 'sora://tasks/t3'] };
    say({ jsonrpc: '2.0', id: 2, method: 'subscriptions/listen', params: { _meta: meta, notifications } });
    const heard = (name: string) => messages().filter(({ method }) => method === `notifications/${name}`);
    await until(() => services.listeners() === 1 && heard('subscriptions/acknowledged').length === 1);
    for (const taskId of ['t1', 't2', 't3']) services.emit({ kind: 'task', taskId });
    await until(() => heard('resources/updated').length >= 2);
    const news = ['t1', 't3'].map((id) => ({ params: { uri: `sora://tasks/${id}` } }));
    expect(heard('resources/updated')).toMatchObject(news);
  });
});

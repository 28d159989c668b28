import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startHttp, type TestServer, type TestServerOptions, TOKENS, until } from '../helpers/http.ts';
import { openSocket } from '../helpers/http-raw.ts';
import { PROMPTLY_MS } from '../helpers/promptly.ts';

const BYTES = randomBytes(1_000);
const BIG = 64 * 1024 * 1024;
let folder: string;
let server: TestServer;
let now = Date.now();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'http-files-'));
  await writeFile(join(folder, 'one.mp4'), BYTES);
  await writeFile(join(folder, 'empty.mp4'), '');
  await writeFile(join(folder, 'big.mp4'), Buffer.alloc(BIG));
  server = await startFiles();
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const FILES: Readonly<Record<string, string>> = {
  task_1: 'one.mp4',
  task_empty: 'empty.mp4',
  task_big: 'big.mp4',
  task_lost: 'lost.mp4',
};

function startFiles(limits: TestServerOptions['limits'] = {}): Promise<TestServer> {
  return startHttp({
    now: () => now,
    limits,
    files: async (workspace, taskId) => {
      const name = workspace === 'alpha' ? FILES[taskId] : undefined;
      return name === undefined ? undefined : { path: join(folder, name), name: `${taskId}.mp4` };
    },
  });
}

const alpha = { authorization: `Bearer ${TOKENS.alpha}` };
const get = (path: string, headers: Record<string, string> = alpha, method = 'GET', { url } = server) =>
  fetch(url + path, { headers, method });

/** Two downloads that nobody reads. */
function openTwo({ url }: TestServer) {
  const request = `GET /files/task_big HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKENS.alpha}\r\n\r\n`;
  const sockets = [openSocket(url), openSocket(url)];
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  for (const socket of sockets) socket.write(request);
  return sockets;
}

/** Two downloads that have begun and are not read on. */
async function stallTwo(server: TestServer) {
  const sockets = openTwo(server);
  let begun = 0;
  for (const socket of sockets) {
    socket.once('data', () => {
      socket.pause();
      begun++;
    });
  }
  await until(() => begun === 2);
  return sockets;
}

describe('/files', () => {
  it('sends a saved video whole, to its workspace alone', async () => {
    const response = await get('/files/task_1');
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'video/mp4',
      'content-length': '1000',
      'accept-ranges': 'bytes',
      'cache-control': 'no-store',
      'content-disposition': 'inline; filename="task_1.mp4"',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
    expect(Buffer.from(await response.arrayBuffer())).toEqual(BYTES);

    const other = await get('/files/task_1', { authorization: `Bearer ${TOKENS.beta}` });
    const none = await get('/files/task_none');
    const lost = await get('/files/task_lost');
    expect([other.status, none.status, lost.status]).toEqual([404, 404, 404]);
    expect(await other.text()).toBe(await none.text());
  });

  it.each<[range: string, status: number, place: string | null, first: number, end: number]>([
    ['bytes=0-99', 206, 'bytes 0-99/1000', 0, 100],
    ['bytes=0-', 206, 'bytes 0-999/1000', 0, 1000],
    ['bytes=990-', 206, 'bytes 990-999/1000', 990, 1000],
    ['bytes=-10', 206, 'bytes 990-999/1000', 990, 1000],
    ['bytes=-5000', 206, 'bytes 0-999/1000', 0, 1000],
    ['bytes=900-99999', 206, 'bytes 900-999/1000', 900, 1000],
    ['bytes=999-999', 206, 'bytes 999-999/1000', 999, 1000],
    ['bytes=1000-', 416, 'bytes */1000', 0, 0],
    ['bytes=-0', 416, 'bytes */1000', 0, 0],
    ['bytes=9999999999999999999-', 200, null, 0, 1000],
    ['bytes=50-40', 200, null, 0, 1000],
    ['bytes=0-1,5-6', 200, null, 0, 1000],
    ['bytes=-', 200, null, 0, 1000],
    ['lines=1-2', 200, null, 0, 1000],
  ])('Range %s: %s', async (range, status, place, first, end) => {
    const response = await get('/files/task_1', { ...alpha, range });
    expect([response.status, response.headers.get('content-range')]).toEqual([status, place]);
    const bytes = Buffer.from(await response.arrayBuffer());
    if (status !== 416) expect(bytes).toEqual(BYTES.subarray(first, end));
  });

  it('knows HEAD, If-Range and an empty file', async () => {
    const head = await get('/files/task_1', alpha, 'HEAD');
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '1000', '']);
    const part = await get('/files/task_1', { ...alpha, range: 'bytes=0-9' }, 'HEAD');
    expect([part.status, part.headers.get('content-length')]).toEqual([200, '1000']);
    const etag = head.headers.get('etag')!;
    const same = await get('/files/task_1', { ...alpha, range: 'bytes=0-0', 'if-range': etag });
    const changed = await get('/files/task_1', { ...alpha, range: 'bytes=0-0', 'if-range': '"other"' });
    expect([same.status, changed.status]).toEqual([206, 200]);
    const empty = await get('/files/task_empty');
    expect([empty.status, await empty.text()]).toEqual([200, '']);
    expect((await get('/files/task_1', alpha, 'POST')).status).toBe(405);
  });

  it('opens with a signed link, for that file and for a while', async () => {
    const link = server.fileLink('alpha', 'task_1');
    expect(link).toContain(`${server.url}/files/task_1?`);
    const response = await fetch(link, { headers: { range: 'bytes=0-9' } });
    expect([response.status, Buffer.from(await response.arrayBuffer())]).toEqual([206, BYTES.subarray(0, 10)]);

    const changes: [from: string, to: string][] = [
      ['task_1', 'task_empty'],
      ['workspace=alpha', 'workspace=beta'],
      ['expires=', 'expires=9'],
      ['signature=', 'signature=A'],
      ['signature=', 'sig='],
    ];
    for (const [from, to] of changes) expect([to, (await fetch(link.replace(from, to))).status]).toEqual([to, 401]);
    for (const token of [TOKENS.beta, TOKENS.alpha, 'nobody-0123456789abcdef']) {
      expect((await fetch(link, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
    }
    expect((await fetch(server.fileLink('nobody', 'task_1'))).status).toBe(401);
    expect((await fetch(link.replace('/files/task_1', '/mcp'))).status).toBe(401);

    now += 15 * 60_000 + 1;
    expect((await fetch(link)).status).toBe(401);
  });

  it('a link of an earlier process is worth nothing', async () => {
    const earlier = await startHttp();
    const link = earlier.fileLink('alpha', 'task_1').replace(earlier.url, server.url);
    await earlier.close();
    expect((await fetch(link)).status).toBe(401);
  });

  it('counts the downloads that run', async () => {
    const busy = await startFiles({ downloads: 2, stallMs: 2 * PROMPTLY_MS });
    onTestFinished(() => busy.close());
    const sockets = await stallTwo(busy);
    const third = await get('/files/task_1', alpha, 'GET', busy);
    expect([third.status, third.headers.get('retry-after')]).toEqual([429, '5']);
    for (const socket of sockets) socket.destroy();
    const again = async () => (await get('/files/task_1', alpha, 'GET', busy)).status;
    await expect.poll(again, { timeout: PROMPTLY_MS }).toBe(200);
  });

  it('lets go of downloads that stand still', async () => {
    const impatient = await startFiles({ downloads: 2, stallMs: 300 });
    onTestFinished(() => impatient.close());
    // One that stands still before its first byte, on a busy machine, is let go as well.
    openTwo(impatient);
    await until(
      () => impatient.lines.filter((line) => line.includes(' GET /files ') && line.includes('alpha 200')).length === 2,
    );
    const third = async () => (await get('/files/task_1', alpha, 'GET', impatient)).status;
    await expect.poll(third, { timeout: PROMPTLY_MS }).toBe(200);
  });

  it('never writes a link or a token into the log', async () => {
    const before = server.lines.length;
    await fetch(server.fileLink('alpha', 'task_1'));
    await until(() => server.lines.length > before);
    const log = server.lines.join('\n');
    expect(log).not.toMatch(/signature|expires|token-0123|task_1/);
  });
});

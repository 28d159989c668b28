import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Content } from '../../src/backends/backend.ts';
import type { DialectBackend } from '../../src/backends/registry.ts';
import { eventually } from '../helpers/crash.ts';
import { failure, subject } from './subject.ts';
import { startUpstream, type Upstream } from './upstream.ts';

const MP4 = Buffer.concat([Buffer.from('\0\0\0\x10ftypisom\0\0\0\0'), Buffer.alloc(500_000, 'a video that repeats ')]);
const ENCODINGS: readonly [string, Buffer][] = [
  ['gzip', gzipSync(MP4)],
  ['X-GZIP', gzipSync(MP4)],
  ['deflate', deflateSync(MP4)],
  ['br', brotliCompressSync(MP4)],
];
const GZIPPED = gzipSync(MP4);
let home: Upstream;
let backend: DialectBackend;

beforeEach(async () => {
  home = await startUpstream();
  backend = subject(home.origin).backend;
});
afterEach(async () => {
  await backend.close();
  await home.close();
});

function headersOf(encoding: string, bytes: Buffer): Record<string, string> {
  return { 'content-type': 'video/mp4', 'content-encoding': encoding, 'content-length': String(bytes.length) };
}

const opened = (from: Parameters<DialectBackend['openContent']>[2] = 0) =>
  backend.openContent({ remoteId: 'v1' }, 'video', from);

async function drained({ body }: Content): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

it('no encoding is asked for', async () => {
  home.reply({ headers: { 'content-type': 'video/mp4' }, body: MP4 });
  await drained(await opened());
  await drained(await opened(4));
  expect(home.requests.map(({ headers }) => headers['accept-encoding'])).toEqual(['identity', 'identity']);
});

describe('a video that comes encoded all the same', () => {
  it.each(ENCODINGS)('is decoded: %s', async (encoding, bytes) => {
    home.reply({ headers: { ...headersOf(encoding, bytes), etag: '"a"' }, body: bytes });
    const content = await opened();
    expect(content).toMatchObject({ offset: 0, contentType: 'video/mp4' });
    // The told length is not the file's, and no byte of the file can be asked for by its place.
    expect(content).not.toHaveProperty('totalBytes');
    expect(content).not.toHaveProperty('validator');
    expect((await drained(content)).equals(MP4)).toBe(true);
  });

  it('is begun anew where a part of it comes', async () => {
    home.reply(({ headers }) => {
      if (headers.range === undefined) return { headers: headersOf('gzip', GZIPPED), body: GZIPPED };
      const rest = GZIPPED.subarray(4);
      const range = `bytes 4-${GZIPPED.length - 1}/${GZIPPED.length}`;
      return { status: 206, headers: { ...headersOf('gzip', rest), 'content-range': range, etag: '"a"' }, body: rest };
    });
    const content = await opened({ byte: 4, validator: '"a"' });
    expect(content.offset).toBe(0);
    expect((await drained(content)).equals(MP4)).toBe(true);
    expect(home.requests.map(({ headers }) => headers.range)).toEqual(['bytes=4-', undefined]);
  });

  it('stays as it is where only its header says so', async () => {
    home.reply({ headers: headersOf('gzip', MP4), body: MP4 });
    expect((await drained(await opened())).equals(MP4)).toBe(true);
  });

  it('stays as it is, with its length, in an encoding that nobody knows', async () => {
    for (const encoding of ['aws-chunked', 'identity', 'constructor']) {
      home.reply({ headers: headersOf(encoding, MP4), body: MP4 });
      const content = await opened();
      expect(content.totalBytes).toBe(MP4.length);
      expect((await drained(content)).equals(MP4)).toBe(true);
    }
  });

  it.each([
    ['ends too early', GZIPPED.subarray(0, 500)],
    ['is something else', Buffer.from('something else')],
  ])('is told when it %s', async (_, bytes) => {
    home.reply({ headers: headersOf('gzip', bytes), body: bytes });
    const error = await failure(opened().then(drained));
    expect(error).toMatchObject({ code: 'download_failed', retryable: true });
    expect(error.message).toContain('cannot be decoded');
  });

  it('is told when its connection breaks off', async () => {
    home.reply((_, response, incoming) => {
      response.writeHead(200, headersOf('gzip', GZIPPED));
      response.write(GZIPPED.subarray(0, 500), () => setImmediate(() => incoming.socket.destroy()));
      return undefined;
    });
    const error = await failure(opened().then(drained));
    expect(error).toMatchObject({ code: 'download_failed', retryable: true });
    expect(error.message).toContain('broke off');
  });

  it('frees its connection when it is left early', async () => {
    let closed = false;
    home.reply((_, response, incoming) => {
      incoming.socket.once('close', () => {
        closed = true;
      });
      response.writeHead(200, { 'content-type': 'video/mp4', 'content-encoding': 'gzip' });
      response.write(GZIPPED.subarray(0, -8));
      return undefined;
    });
    for await (const _ of (await opened()).body) break;
    await eventually(() => closed);
  });

  it('is understood when it is an error', async () => {
    const body = gzipSync(JSON.stringify({ error: { message: 'expired' } }));
    home.reply({ status: 404, headers: { ...headersOf('gzip', body), 'content-type': 'application/json' }, body });
    const error = await failure(opened());
    expect(error.code).toBe('link_expired');
    expect(error.message).toContain('expired');
  });
});

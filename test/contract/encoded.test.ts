import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { ContentStart, ContentVariant } from '../../src/backends/backend.ts';
import { eventually } from '../helpers/crash.ts';
import { drained, freshForEach } from './fresh.ts';
import { failure } from './subject.ts';

const MP4 = Buffer.concat([Buffer.from('\0\0\0\x10ftypisom\0\0\0\0'), Buffer.alloc(500_000, 'a video that repeats ')]);
const ENCODINGS: readonly [string, Buffer][] = [
  ['gzip', gzipSync(MP4)],
  ['X-GZIP', gzipSync(MP4)],
  ['deflate', deflateSync(MP4)],
  ['br', brotliCompressSync(MP4)],
];
const GZIPPED = gzipSync(MP4);
const fresh = freshForEach();

function headersOf(encoding: string, bytes: Buffer): Record<string, string> {
  return { 'content-type': 'video/mp4', 'content-encoding': encoding, 'content-length': String(bytes.length) };
}

const opened = (from: number | ContentStart = 0, variant: ContentVariant = 'video') =>
  fresh.backend.openContent({ remoteId: 'v1' }, variant, from);

it('no encoding is asked for', async () => {
  fresh.home.reply({ headers: { 'content-type': 'video/mp4' }, body: MP4 });
  await drained(await opened());
  await drained(await opened(4));
  expect(fresh.home.requests.map(({ headers }) => headers['accept-encoding'])).toEqual(['identity', 'identity']);
});

describe('a video that comes encoded all the same', () => {
  it.each(ENCODINGS)('is decoded: %s', async (encoding, bytes) => {
    fresh.home.reply({ headers: { ...headersOf(encoding, bytes), etag: '"a"' }, body: bytes });
    const content = await opened();
    expect(content).toMatchObject({ offset: 0, contentType: 'video/mp4' });
    // The told length is not the file's, and no byte of the file can be asked for by its place.
    expect(content).not.toHaveProperty('totalBytes');
    expect(content).not.toHaveProperty('validator');
    expect((await drained(content)).equals(MP4)).toBe(true);
  });

  it('is begun anew where a part of it comes', async () => {
    fresh.home.reply(({ headers }) => {
      if (headers.range === undefined) return { headers: headersOf('gzip', GZIPPED), body: GZIPPED };
      const rest = GZIPPED.subarray(4);
      const range = `bytes 4-${GZIPPED.length - 1}/${GZIPPED.length}`;
      return { status: 206, headers: { ...headersOf('gzip', rest), 'content-range': range, etag: '"a"' }, body: rest };
    });
    const content = await opened({ byte: 4, validator: '"a"' });
    expect(content.offset).toBe(0);
    expect((await drained(content)).equals(MP4)).toBe(true);
    expect(fresh.home.requests.map(({ headers }) => headers.range)).toEqual(['bytes=4-', undefined]);
  });

  it.each([
    ['video', 'MP4', MP4],
    ['video', 'WebM', Buffer.from('\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81', 'latin1')],
    ['thumbnail', 'PNG', Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1')],
    ['thumbnail', 'JPEG', Buffer.from('\xff\xd8\xff\xe0\0\x10JFIF\0\x01', 'latin1')],
    ['spritesheet', 'WebP', Buffer.from('RIFF\x24\0\0\0WEBPVP8 ', 'latin1')],
  ] as const)('stays as it is where only its header says so: %s, %s', async (variant, _, file) => {
    for (const [encoding] of ENCODINGS) {
      fresh.home.reply({ headers: headersOf(encoding, file), body: file });
      expect((await drained(await opened(0, variant))).equals(file), encoding).toBe(true);
    }
  });

  it.each([
    ...ENCODINGS,
    ['gzip', MP4],
    ['br', MP4],
    ['gzip', Buffer.from('short')],
    ['deflate', Buffer.alloc(0)],
  ] as const)('is judged by its beginning though that comes in pieces: %s', async (encoding, bytes) => {
    fresh.home.reply((_, response) => {
      response.writeHead(200, headersOf(encoding, bytes));
      const pieces = [bytes.subarray(0, 1), bytes.subarray(1, 6), bytes.subarray(6)].filter(({ length }) => length > 0);
      const send = () => {
        const piece = pieces.shift();
        if (piece) response.write(piece, () => setTimeout(send, 5));
        else response.end();
      };
      send();
      return undefined;
    });
    expect((await drained(await opened())).equals(bytes.length < 12 ? bytes : MP4)).toBe(true);
  });

  it('stays as it is, with its length, in an encoding that nobody knows', async () => {
    for (const encoding of ['aws-chunked', 'identity', 'constructor']) {
      fresh.home.reply({ headers: headersOf(encoding, MP4), body: MP4 });
      const content = await opened();
      expect(content.totalBytes).toBe(MP4.length);
      expect((await drained(content)).equals(MP4)).toBe(true);
    }
  });

  it.each([
    ['ends too early', 'gzip', GZIPPED.subarray(0, 500)],
    ['goes on as something else', 'gzip', Buffer.concat([GZIPPED.subarray(0, 10), Buffer.from('something else')])],
    ['is something else', 'br', Buffer.from('something else')],
  ])('is told when it %s: %s', async (_, encoding, bytes) => {
    fresh.home.reply({ headers: headersOf(encoding, bytes), body: bytes });
    const error = await failure(opened().then(drained));
    expect(error).toMatchObject({ code: 'download_failed', retryable: true });
    expect(error.message).toContain('cannot be decoded');
  });

  it('is told when its connection breaks off', async () => {
    fresh.home.reply((_, response, incoming) => {
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
    fresh.home.reply((_, response, incoming) => {
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
    fresh.home.reply({
      status: 404,
      headers: { ...headersOf('gzip', body), 'content-type': 'application/json' },
      body,
    });
    const error = await failure(opened());
    expect(error.code).toBe('link_expired');
    expect(error.message).toContain('expired');
  });
});

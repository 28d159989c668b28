import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SoraError } from '../../src/domain/errors.ts';
import { PART_STALE_MS } from '../../src/store/part-claim.ts';
import { type PartSource, type PartStart, type SaveOptions, saveStream } from '../../src/store/partfile.ts';
import { tempDir } from './fixtures.ts';
import { bundleWorker, kill, startWorker } from './processes.ts';

const VIDEO = Buffer.from(Array.from({ length: 100_000 }, (_, at) => (at * 7 + (at >> 8)) & 0xff));

/** What a failed attempt leaves. */
const KEPT = ['clip.mp4.part', 'clip.mp4.part.tag'];

async function* pieces(bytes: Buffer, size = 7_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function* thenFails(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield* pieces(bytes);
  throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
}

function setUp(source: Partial<SaveOptions> = {}) {
  const dir = join(tempDir(), 'videos');
  const asked: number[] = [];
  const options: SaveOptions = {
    dir,
    name: 'clip.mp4',
    open: async ({ byte }) => {
      asked.push(byte);
      return { body: pieces(VIDEO.subarray(byte)), offset: byte, totalBytes: VIDEO.length, validator: '"v1"' };
    },
    check: async () => undefined,
    ...source,
  };
  const save = (changes: Partial<SaveOptions> = {}) => saveStream({ ...options, ...changes });
  const fails = async (changes: Partial<SaveOptions>) => {
    const error = await save(changes).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SoraError);
    expect(existsSync(join(dir, 'clip.mp4'))).toBe(false);
    return error as SoraError;
  };
  const saved = () => readFileSync(join(dir, 'clip.mp4'));
  return { dir, asked, save, fails, saved };
}

const sends =
  (body: AsyncIterable<Uint8Array>, facts: Partial<PartSource> = {}) =>
  async () => ({
    body,
    offset: 0,
    totalBytes: VIDEO.length,
    validator: '"v1"',
    ...facts,
  });

describe('saving', () => {
  test('writes the bytes, checks them, and leaves nothing else', async () => {
    const { dir, save, saved } = setUp();
    let checked = '';
    const result = await save({
      check: async (path) => {
        checked = path;
        expect(readFileSync(path).equals(VIDEO)).toBe(true);
      },
    });
    expect(result).toEqual({ path: join(dir, 'clip.mp4'), bytes: VIDEO.length });
    expect(checked).toMatch(/\.part$/);
    expect(saved().equals(VIDEO)).toBe(true);
    expect(readdirSync(dir)).toEqual(['clip.mp4']);
  });

  test('takes a body of unknown length, and an empty one', async () => {
    const { save, saved } = setUp();
    await save({ open: sends(pieces(VIDEO), { totalBytes: undefined }) });
    expect(saved().equals(VIDEO)).toBe(true);
    await save({ open: sends(pieces(Buffer.alloc(0)), { totalBytes: 0 }) });
    expect(saved()).toHaveLength(0);
  });

  test('resumes where a broken one ended', async () => {
    const { dir, asked, save, fails, saved } = setUp();
    const error = await fails({ open: sends(thenFails(VIDEO.subarray(0, 60_000))) });
    expect(error).toMatchObject({ code: 'download_failed', retryable: true, charged: 'yes' });
    expect(readdirSync(dir)).toEqual(KEPT);
    await save();
    expect(asked).toEqual([59_999]);
    expect(saved().equals(VIDEO)).toBe(true);
    expect(readdirSync(dir)).toEqual(['clip.mp4']);
  });

  test('starts over when the source does not resume, also with a shorter file', async () => {
    const { save, fails, saved } = setUp();
    await fails({ open: sends(thenFails(Buffer.alloc(90_000, 1))) });
    const short = VIDEO.subarray(0, 50_000);
    await save({ open: sends(pieces(short), { totalBytes: short.length }) });
    expect(saved().equals(short)).toBe(true);
  });

  test('honours the offset that the source chose', async () => {
    const { save, fails, saved } = setUp();
    await fails({ open: sends(thenFails(VIDEO.subarray(0, 60_000))) });
    await save({ open: sends(pieces(VIDEO.subarray(32_768)), { offset: 32_768 }) });
    expect(saved().equals(VIDEO)).toBe(true);
  });

  test('goes on with the file that it began, and with no other', async () => {
    const { dir, save, fails, saved } = setUp();
    const asked: PartStart[] = [];
    const sending = (bytes: Buffer, validator: string | undefined) => async (from: PartStart) => {
      asked.push(from);
      const offset = from.validator === validator ? from.byte : 0;
      return { body: pieces(bytes.subarray(offset)), offset, totalBytes: bytes.length, validator };
    };
    const other = Buffer.from(VIDEO).reverse();
    await fails({ open: sends(thenFails(VIDEO.subarray(0, 60_000)), { validator: '"v1"' }) });
    await fails({
      open: async (from) => ({ ...(await sending(other, '"v2"')(from)), body: thenFails(other.subarray(0, 9)) }),
    });
    await save({ open: sending(other, '"v2"') });
    expect(asked).toEqual([
      { byte: 59_999, validator: '"v1"' },
      { byte: 8, validator: '"v2"' },
    ]);
    expect(saved().equals(other)).toBe(true);
    expect(readdirSync(dir)).toEqual(['clip.mp4']);
  });

  test('begins anew when nobody can tell whether it is the same file', async () => {
    const { dir, asked, save, fails, saved } = setUp();
    await fails({ open: sends(thenFails(VIDEO.subarray(0, 50_000))) });
    await fails({ open: sends(thenFails(Buffer.alloc(60_000, 1)), { validator: undefined }) });
    expect(readdirSync(dir)).toEqual(['clip.mp4.part']);
    await save();
    expect(asked).toEqual([0]);
    expect(saved().equals(VIDEO)).toBe(true);
  });

  test('asks for the last byte of a part that is complete', async () => {
    const { asked, save, fails, saved } = setUp();
    await fails({ open: sends(thenFails(VIDEO)) });
    await save();
    expect(asked).toEqual([VIDEO.length - 1]);
    expect(saved().equals(VIDEO)).toBe(true);
  });

  test('refuses too few, too many, and bytes from beyond what is here', async () => {
    const { dir, save, fails, saved } = setUp();
    expect(await fails({ open: sends(pieces(VIDEO.subarray(0, 99_999))) })).toMatchObject({ code: 'download_failed' });
    expect(await fails({ open: sends(pieces(VIDEO), { offset: 99_999 + 5 }) })).toMatchObject({
      code: 'download_failed',
    });
    expect(await fails({ open: sends(pieces(Buffer.concat([VIDEO, VIDEO]))) })).toMatchObject({
      code: 'download_failed',
    });
    expect(readdirSync(dir)).toEqual(KEPT);
    await save();
    expect(saved().equals(VIDEO)).toBe(true);
  });

  test('throws away what the check refuses', async () => {
    const { dir, fails } = setUp();
    const refusal = new SoraError({ code: 'download_failed', message: 'a web page' });
    expect(await fails({ check: async () => Promise.reject(refusal) })).toBe(refusal);
    expect(readdirSync(dir)).toEqual([]);
  });

  test('passes on what the source throws, and keeps the bytes', async () => {
    const { dir, fails } = setUp();
    await fails({ open: sends(thenFails(VIDEO.subarray(0, 60_000))) });
    const gone = new SoraError({ code: 'link_expired', message: 'gone' });
    expect(await fails({ open: async () => Promise.reject(gone) })).toBe(gone);
    expect(readdirSync(dir)).toEqual(KEPT);
  });

  test('stops at once when it is told to, even when the source is stuck', async () => {
    const { dir, fails } = setUp();
    const controller = new AbortController();
    async function* stuck(): AsyncGenerator<Uint8Array> {
      yield VIDEO.subarray(0, 10);
      setImmediate(() => controller.abort());
      await new Promise(() => {});
    }
    expect(await fails({ open: sends(stuck()), signal: controller.signal })).toMatchObject({ code: 'cancelled' });
    expect(await fails({ signal: AbortSignal.abort() })).toMatchObject({ code: 'cancelled' });
    expect(readdirSync(dir)).toEqual(KEPT);
  });

  test.each([
    ['ENOSPC', 'disk_full'],
    ['EROFS', 'store_unavailable'],
    ['EACCES', 'store_unavailable'],
  ])('tells %s as %s, to be tried again', async (code, meaning) => {
    const { fails } = setUp();
    const failure = Object.assign(new Error('write'), { code });
    expect(await fails({ check: async () => Promise.reject(failure) })).toMatchObject({
      code: meaning,
      retryable: true,
      charged: 'yes',
    });
  });

  test.runIf(existsSync('/dev/full'))('a disk that is full is told as such', async () => {
    const { dir, fails } = setUp();
    mkdirSync(dir);
    symlinkSync('/dev/full', join(dir, 'clip.mp4.part'));
    expect(await fails({})).toMatchObject({ code: 'disk_full', retryable: true, charged: 'yes' });
  });

  test.each(['../x', 'a/b', 'a\\b', '', '.', '..', '.hidden', 'a\0b'])(
    'a name such as %j is a defect',
    async (name) => {
      const { save } = setUp();
      await expect(save({ name })).rejects.toBeInstanceOf(RangeError);
    },
  );
});

describe('two that save the same file', () => {
  test('at once both end with the whole file', async () => {
    const { dir, save, saved } = setUp();
    await Promise.all(Array.from({ length: 5 }, () => save()));
    expect(saved().equals(VIDEO)).toBe(true);
    expect(readdirSync(dir).filter((name) => name === 'clip.mp4')).toHaveLength(1);
  });

  test('one takes over the part of a process that died, not of one that lives', async () => {
    const { dir, asked, save, saved } = setUp();
    await save();
    const part = join(dir, 'clip.mp4.0123456789ab.part');
    writeFileSync(part, VIDEO.subarray(0, 40_000));
    writeFileSync(`${part}.tag`, '"v1"');
    await save();
    expect(asked).toEqual([0, 0]);
    expect(existsSync(part)).toBe(true);
    const old = new Date(Date.now() - PART_STALE_MS - 1_000);
    utimesSync(part, old, old);
    await save();
    expect(asked).toEqual([0, 0, 39_999]);
    expect(saved().equals(VIDEO)).toBe(true);
    expect(readdirSync(dir)).toEqual(['clip.mp4']);
  });
});

test('a big file takes little memory', async () => {
  const { save } = setUp();
  const chunk = Buffer.alloc(1_000_000, 3);
  async function* big(): AsyncGenerator<Uint8Array> {
    for (let n = 0; n < 300; n++) yield chunk;
  }
  const before = process.memoryUsage().rss;
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, 5);
  await save({ open: sends(big(), { totalBytes: 300_000_000 }) });
  clearInterval(watch);
  expect(most - before).toBeLessThan(100_000_000);
});

test('a process that is killed while it saves leaves nothing under the final name, and is taken over', async () => {
  const worker = await bundleWorker();
  try {
    const { dir, asked, save, saved } = setUp();
    const saving = startWorker(worker.file, 'save', dir);
    await saving.next();
    await kill(saving);
    const [part] = readdirSync(dir);
    expect(readdirSync(dir)).toEqual([expect.stringMatching(/^clip\.mp4\.[0-9a-f]{12}\.part$/), `${part}.tag`]);
    writeFileSync(join(dir, part!), VIDEO.subarray(0, 1_000));
    const old = new Date(Date.now() - PART_STALE_MS - 1_000);
    utimesSync(join(dir, part!), old, old);
    await save();
    expect(asked).toEqual([999]);
    expect(saved().equals(VIDEO)).toBe(true);
  } finally {
    worker.remove();
  }
});

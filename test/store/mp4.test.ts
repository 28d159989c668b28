import { closeSync, ftruncateSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkMp4 } from '../../src/store/mp4.ts';
import { tempDir } from './fixtures.ts';

function box(type: string, content: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(8 + content.length);
  header.write(type, 4, 'latin1');
  return Buffer.concat([header, content]);
}

function largeBox(type: string, size: bigint): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32BE(1);
  header.write(type, 4, 'latin1');
  header.writeBigUInt64BE(size, 8);
  return header;
}

const FTYP = box('ftyp', Buffer.from('isom\0\0\0\0'));
const MOOV = box('moov', Buffer.alloc(100));
const MDAT = box('mdat', Buffer.alloc(1_000));
const endless = Buffer.concat([Buffer.from([0, 0, 0, 0]), Buffer.from('mdat'), Buffer.alloc(50)]);

function file(...parts: readonly Buffer[]): string {
  const path = join(tempDir(), 'video');
  writeFileSync(path, Buffer.concat(parts));
  return path;
}

describe('an MP4 is accepted', () => {
  test.each([
    ['with moov first', [FTYP, MOOV, MDAT]],
    ['with moov last', [FTYP, box('free'), MDAT, MOOV]],
    ['in fragments', [FTYP, MOOV, box('moof', Buffer.alloc(9)), MDAT, box('moof', Buffer.alloc(9)), MDAT]],
    ['whose last box goes on to the end', [FTYP, MOOV, endless]],
    ['with a provenance box', [FTYP, MOOV, box('uuid', Buffer.alloc(30)), MDAT]],
    ['with rubbish behind it', [FTYP, MOOV, MDAT, Buffer.alloc(100, 0xa7)]],
    ['with moov last and rubbish behind it', [FTYP, MDAT, MOOV, Buffer.alloc(100, 1)]],
    ['filled up with zeroes', [FTYP, MOOV, MDAT, Buffer.alloc(500)]],
    ['with a zero too many', [FTYP, MOOV, MDAT, Buffer.alloc(1)]],
    ['with a line end behind it', [FTYP, MOOV, MDAT, Buffer.from('\n')]],
    ['with text behind it', [FTYP, MOOV, MDAT, Buffer.from('\r\n--boundary--\r\n')]],
  ])('%s', async (_, parts) => {
    await expect(checkMp4(file(...parts))).resolves.toMatchObject({ brand: 'isom' });
  });

  test('of 6 GB, at once', async () => {
    const path = join(tempDir(), 'huge');
    const size = 6_000_000_000;
    const handle = openSync(path, 'w');
    writeSync(handle, Buffer.concat([FTYP, MOOV, largeBox('mdat', BigInt(size))]));
    ftruncateSync(handle, FTYP.length + MOOV.length + size);
    closeSync(handle);
    await expect(checkMp4(path)).resolves.toMatchObject({ bytes: FTYP.length + MOOV.length + size });
  });
});

describe('anything else is refused', () => {
  test.each([
    ['nothing', [Buffer.alloc(0)], /empty/],
    ['a web page', [Buffer.from('<!DOCTYPE html><html>login</html>')], /a web page instead of a video/],
    ['a web page after blanks', [Buffer.from('\ufeff\n  <html>')], /a web page/],
    ['an XML error', [Buffer.from('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>')], /XML/],
    ['JSON', [Buffer.from('{"error":"not found"}')], /JSON text/],
    ['a WebM', [Buffer.from([0x1a, 0x45, 0xdf, 0xa3, 1, 2, 3, 4, 5])], /WebM/],
    ['zeroes', [Buffer.alloc(5_000)], /not an MP4/],
    ['a cut box', [FTYP, MOOV, MDAT.subarray(0, 500)], /cut short: box mdat ends 508 bytes beyond/],
    ['a cut header', [FTYP, MOOV, MDAT, MOOV.subarray(0, 5)], /break off/],
    [
      'a cut fragment',
      [FTYP, MOOV, MDAT, box('moof', Buffer.alloc(9)).subarray(0, 10)],
      /box moof ends 7 bytes beyond/,
    ],
    ['a cut fragment of 64 bits', [FTYP, MOOV, MDAT, largeBox('mdat', 9_000n)], /beyond the file/],
    ['a cut large header', [FTYP, MOOV, MDAT, largeBox('mdat', 9_000n).subarray(0, 12)], /break off/],
    ['a cut fragment of 20 MB', [FTYP, MOOV, MDAT, Buffer.from('\x01\x31\x2d\x08mdat', 'latin1')], /beyond the file/],
    ['rubbish after a cut box', [FTYP, MOOV, MDAT.subarray(0, 500), Buffer.alloc(100, 0xa7)], /beyond the file/],
    ['a cut large box', [FTYP, MOOV, largeBox('mdat', 9_000n)], /beyond the file/],
    ['a large box of no size', [FTYP, MOOV, largeBox('mdat', 3n)], /break off/],
    ['no moov', [FTYP, MDAT], /no moov box/],
    ['no mdat', [FTYP, MOOV], /no mdat box/],
    ['rubbish after ftyp', [FTYP, Buffer.alloc(500, 1)], /break off/],
    ['a box of size 4', [FTYP, Buffer.from([0, 0, 0, 4]), Buffer.from('moov')], /break off/],
  ])('%s', async (_, parts, message) => {
    await expect(checkMp4(file(...parts))).rejects.toMatchObject({
      code: 'download_failed',
      charged: 'yes',
      retryable: true,
      message: expect.stringMatching(message),
    });
  });
});

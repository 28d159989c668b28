import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Clip, checkClip, inspectClip } from '../../src/media/clip.ts';
import { ffmpeg, makeClip, scratchFolder, soraError } from './media-samples.ts';

const folder = await scratchFolder();
const at = (name: string) => join(folder, name);

async function cutTo(name: string, target: string, share: number): Promise<string> {
  const bytes = await readFile(at(name));
  await writeFile(at(target), bytes.subarray(0, Math.floor(bytes.length * share)));
  return at(target);
}

describe('inspectClip', () => {
  beforeAll(async () => {
    await makeClip(at('plain.mp4'), { seconds: 2, sound: true });
    await makeClip(at('front.mp4'), { seconds: 2, sound: true, more: ['-movflags', '+faststart'] });
    await makeClip(at('fragments.mp4'), { seconds: 2, sound: true, more: ['-movflags', 'frag_keyframe+empty_moov'] });
    await makeClip(at('clip.mov'), { seconds: 1.5, size: '180x320', rate: '24' });
    await ffmpeg(
      '-f',
      'lavfi',
      '-i',
      'testsrc2=size=160x120:rate=25:duration=2',
      '-c:v',
      'libvpx',
      '-b:v',
      '400k',
      at('clip.webm'),
    );
  });

  it('reads an MP4 with sound', async () => {
    const clip = await inspectClip(at('plain.mp4'));
    expect(clip).toMatchObject({
      container: 'mp4',
      seconds: 2,
      width: 320,
      height: 180,
      fps: 30,
      audioCodec: 'mp4a.40.2',
    });
    expect(clip.videoCodec).toMatch(/^avc1\./);
    expect(clip.videoSetup.description).toMatch(/^01[0-9a-f]+$/);
    expect(clip.audioSetup).toMatchObject({ sampleRate: 44_100, channels: 2 });
    expect(clip.bytes).toBe((await readFile(at('plain.mp4'))).length);
  });

  it('reads one that is stored in fragments', async () => {
    const clip = await inspectClip(at('fragments.mp4'));
    expect(clip).toMatchObject({ container: 'mp4', seconds: 2, width: 320 });
  });

  it('reads a MOV without sound', async () => {
    const clip = await inspectClip(at('clip.mov'));
    expect(clip).toMatchObject({ container: 'mov', seconds: 1.5, width: 180, height: 320, fps: 24 });
    expect(clip).not.toHaveProperty('audioCodec');
  });

  it('reads a WebM', async () => {
    const clip = await inspectClip(at('clip.webm'));
    expect(clip).toMatchObject({ container: 'webm', width: 160, height: 120, fps: 25, videoCodec: 'vp8' });
    expect(clip.seconds).toBeCloseTo(2, 1);
  });

  it('tells the size as it is shown when the file is to be turned', async () => {
    await ffmpeg('-i', at('plain.mp4'), '-metadata:s:v', 'rotate=90', '-c', 'copy', at('turned.mp4'));
    const clip = await inspectClip(at('turned.mp4'));
    expect(clip).toMatchObject({ width: 180, height: 320, videoSetup: { codedWidth: 320, codedHeight: 180 } });
    expect(clip.videoSetup.rotation).not.toBe(0);
  });

  it.each([
    ['the index at the end', 'plain.mp4', 0.6],
    ['the index in front', 'front.mp4', 0.6],
    ['the index in front, a few bytes missing', 'front.mp4', 0.999],
    ['a WebM', 'clip.webm', 0.5],
    ['next to nothing left', 'front.mp4', 0.002],
  ])('refuses a truncated file: %s', async (_, name, share) => {
    const error = await soraError(inspectClip(await cutTo(name, `cut-${name}`, share)));
    expect(error.code).toBe('file_invalid');
    expect(error.message).toMatch(/cut off/);
    expect(error.hint).toMatch(/downloaded/);
  });

  it.each([
    ['page.mp4', '<!DOCTYPE html><html><body>Not found</body></html>', 'page.mp4 is a web page, not a video'],
    ['answer.mp4', '{"error":{"message":"gone"}}', 'answer.mp4 is JSON text, not a video'],
    ['noise.mp4', 'x'.repeat(4000), 'noise.mp4 is not an MP4, MOV or WebM video'],
    ['old.mp4', 'RIFF1234AVI LIST', 'old.mp4 is an AVI video, not MP4, MOV or WebM'],
    ['empty.mp4', '', 'empty.mp4 is empty'],
  ])('says what %s is instead', async (name, content, message) => {
    await writeFile(at(name), content);
    const error = await soraError(inspectClip(at(name)));
    expect(error).toMatchObject({ code: 'file_invalid', message });
  });

  it('refuses what is not there, a folder, a Matroska file, a picture and sound alone', async () => {
    await ffmpeg('-i', at('plain.mp4'), '-c', 'copy', at('clip.mkv'));
    await ffmpeg('-i', at('plain.mp4'), '-frames:v', '1', at('still.png'));
    await ffmpeg('-i', at('plain.mp4'), '-vn', '-c', 'copy', at('sound.mp4'));
    expect((await soraError(inspectClip(at('nothing.mp4')))).message).toBe('nothing.mp4 does not exist');
    expect((await soraError(inspectClip(folder))).message).toMatch(/is not a file/);
    expect((await soraError(inspectClip(at('clip.mkv')))).message).toMatch(/Matroska/);
    expect((await soraError(inspectClip(at('still.png')))).message).toBe('still.png is a PNG picture, not a video');
    expect((await soraError(inspectClip(at('sound.mp4')))).message).toMatch(/no picture/);
  });

  it('gives an answer for any damage to the index, never another error', async () => {
    const whole = await readFile(at('front.mp4'));
    for (let round = 0; round < 200; round++) {
      const broken = Buffer.from(whole);
      // A fixed sequence: a failure can be looked at again.
      for (let hit = 0; hit < 4; hit++) broken[(round * 7919 + hit * 104_729) % 4000] = (round * 31 + hit * 17) % 256;
      await writeFile(at('broken.mp4'), broken);
      const outcome = await inspectClip(at('broken.mp4')).then(
        () => 'read',
        (error) => error.code,
      );
      expect(['read', 'file_invalid'], `round ${round}`).toContain(outcome);
    }
  });

  it('reads a large file by ranges', async () => {
    await writeFile(at('large.mp4'), await readFile(at('front.mp4')));
    // A hole of 3 GB: reading all of it would not fit a buffer.
    await truncate(at('large.mp4'), 3 * 1024 ** 3);
    expect((await inspectClip(at('large.mp4'))).seconds).toBe(2);
  });
});

describe('checkClip', () => {
  const clip: Clip = {
    container: 'mp4',
    seconds: 8,
    width: 1280,
    height: 720,
    videoCodec: 'avc1.64001f',
    videoSetup: { description: '', codedWidth: 1280, codedHeight: 720, rotation: 0 },
    bytes: 1,
  };
  const check = (...args: Parameters<typeof checkClip>) => soraError(() => checkClip(...args));

  it('passes what fits, a frame more included', () => {
    checkClip(
      { ...clip, seconds: 4.04 },
      { seconds: [2, 4], minShortSide: 720, maxShortSide: 1080, aspectRatios: ['16:9'] },
    );
    checkClip(clip, {});
    checkClip(clip, { seconds: undefined }, { start: undefined, end: undefined });
    checkClip(clip, { seconds: [2, 4] }, { start: 1, end: 4 });
    checkClip(clip, { seconds: [2, 4] }, { start: 4 });
    checkClip(clip, { seconds: [2, 4] }, { end: 8 });
  });

  it('names the range to use for a clip that is too long', async () => {
    expect(await check(clip, { seconds: [2, 4] })).toMatchObject({
      code: 'invalid_argument',
      field: 'end_seconds',
      message: 'the clip is 8.0 s; this backend wants 2 to 4 s: pass start_seconds and end_seconds, e.g. 0 and 4',
    });
    const long = await check(clip, { seconds: [1, 3] }, { start: 0.25, end: 3.5 });
    expect(long.message).toBe(
      'the range is 3.3 s; this backend wants 1 to 3 s: pass start_seconds and end_seconds, e.g. 0.25 and 3.25',
    );
    const late = await check(clip, { seconds: [2, 4] }, { start: 5 });
    expect(late.message).toBe(
      "the range ends at 9.0 s, behind the clip's end; this backend wants 2 to 4 s: pass start_seconds and end_seconds, e.g. 5 and 8",
    );
    expect((await check(clip, { seconds: [2, 4] }, { start: 7 })).message).toMatch(/e\.g\. 0 and 4$/);
  });

  it('has no range for a clip that is too short', async () => {
    const error = await check({ ...clip, seconds: 1.2 }, { seconds: [2, 4] });
    expect(error).toMatchObject({ code: 'file_invalid', message: 'the clip is 1.2 s; this backend wants 2 to 4 s' });
    expect(error.hint).toBe('Give a clip of at least 2 s.');
  });

  it('refuses a range that is not in the clip', async () => {
    expect(await check(clip, {}, { start: 9 })).toMatchObject({
      field: 'start_seconds',
      message: 'start_seconds is 9.0, but the clip is 8.0 s long',
    });
    expect(await check(clip, {}, { start: 2, end: 12 })).toMatchObject({ field: 'end_seconds' });
    expect(await check(clip, {}, { start: 3, end: 3 })).toMatchObject({ field: 'end_seconds' });
  });

  it('names every fault of the shape at once', async () => {
    const error = await check(
      { ...clip, width: 640, height: 480 },
      { minShortSide: 720, aspectRatios: ['16:9', '9:16'] },
    );
    expect(error.code).toBe('file_invalid');
    expect(error.message).toBe(
      'the clip is 640x480; this backend wants at least 720 pixels on the shorter side; the clip is 640x480; this backend wants 16:9 or 9:16',
    );
    expect((await check({ ...clip, width: 3840, height: 2160 }, { maxShortSide: 1080 })).message).toMatch(
      /at most 1080/,
    );
  });
});

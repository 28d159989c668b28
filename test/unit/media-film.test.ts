import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { joinClips } from '../../src/media/film.ts';
import {
  decodeErrors,
  ffmpeg,
  ffprobe,
  frameDigests,
  frameTimes,
  largestGap,
  makeClip,
  scratchFolder,
  soraError,
} from './media-samples.ts';

const folder = await scratchFolder();
const at = (name: string) => join(folder, name);
const FRAME = 1 / 30;

beforeAll(async () => {
  await makeClip(at('one.mp4'), { seconds: 2, sound: true });
  await makeClip(at('two.mp4'), { seconds: 1.5, sound: 'sine=frequency=880:sample_rate=44100', source: 'testsrc' });
  await makeClip(at('silent.mp4'), { seconds: 1, source: 'smptebars' });
  await makeClip(at('other.mp4'), { seconds: 1, source: 'rgbtestsrc' });
});

async function joined(names: readonly string[], output = 'film.mp4') {
  const film = await joinClips({ clips: names.map(at), output: at(output) });
  expect(await decodeErrors(at(output))).toBe('');
  expect(film.bytes).toBe((await stat(at(output))).size);
  return { film, probe: await ffprobe(at(output)) };
}

describe('joinClips', () => {
  it('keeps every frame of H.264 with B-frames, in order and in time', async () => {
    const { film, probe } = await joined(['one.mp4', 'two.mp4', 'one.mp4']);
    expect(film).toMatchObject({ seconds: 5.5, width: 320, height: 180 });
    expect(probe).toMatchObject({ codecs: ['h264', 'aac'], hasBFrames: true, videoFrames: 165 });
    expect(Math.abs(probe.seconds - 5.5)).toBeLessThan(FRAME);
    const parts = await Promise.all(['one.mp4', 'two.mp4', 'one.mp4'].map((name) => frameDigests(at(name))));
    expect(await frameDigests(at('film.mp4'))).toEqual(parts.flat());
    const times = await frameTimes(at('film.mp4'));
    expect(
      largestGap(
        times,
        Array.from(times, (_, index) => index * FRAME),
      ),
    ).toBeLessThan(0.0001);
  });

  it('is silent where a scene has no sound, and stays in time after it', async () => {
    const { probe } = await joined(['silent.mp4', 'one.mp4', 'silent.mp4', 'two.mp4']);
    expect(probe.codecs).toEqual(['h264', 'aac']);
    expect(Math.abs(probe.seconds - 5.5)).toBeLessThan(FRAME);
    const log = await ffmpeg(
      '-v',
      'info',
      '-i',
      at('film.mp4'),
      '-vn',
      '-af',
      'silencedetect=n=-50dB:d=0.3',
      '-f',
      'null',
      '-',
    );
    const edges = [...log.matchAll(/silence_(?:start|end): (-?[\d.]+)/g)].map((match) => Number(match[1]));
    expect(largestGap(edges, [0, 1, 3, 4])).toBeLessThan(0.05);
  });

  it('has no sound track when no scene has one', async () => {
    const { film, probe } = await joined(['silent.mp4', 'other.mp4']);
    expect(film.seconds).toBe(2);
    expect(probe.codecs).toEqual(['h264']);
  });

  it('does not let sound drift over many scenes', async () => {
    await makeClip(at('odd.mp4'), { seconds: 0.5, sound: true });
    const { probe } = await joined(Array.from({ length: 40 }, () => 'odd.mp4'));
    expect(Math.abs(probe.seconds - 20)).toBeLessThan(FRAME);
    const end = await ffmpeg('-v', 'info', '-i', at('film.mp4'), '-vn', '-f', 'null', '-');
    const [, minutes, seconds] = [...end.matchAll(/time=\d+:(\d+):([\d.]+)/g)].at(-1)!;
    expect(Math.abs(Number(minutes) * 60 + Number(seconds) - 20)).toBeLessThan(FRAME);
  });

  it('keeps the times of frames that come irregularly, and of 29.97 a second', async () => {
    await ffmpeg(
      '-i',
      at('one.mp4'),
      '-an',
      '-vf',
      "select='not(mod(n,3))+eq(mod(n,7),0)'",
      '-vsync',
      'vfr',
      '-bf',
      '2',
      at('vfr.mp4'),
    );
    const single = await frameTimes(at('vfr.mp4'));
    const { film } = await joined(['vfr.mp4', 'vfr.mp4']);
    const times = await frameTimes(at('film.mp4'));
    const expected = [...single, ...single.map((time) => time + film.seconds / 2)];
    expect(largestGap(times, expected)).toBeLessThan(0.001);

    await makeClip(at('ntsc.mp4'), { seconds: 1.001, rate: '30000/1001' });
    const ntsc = await joined(['ntsc.mp4', 'ntsc.mp4', 'ntsc.mp4']);
    expect(ntsc.film.seconds).toBeCloseTo(3.003, 4);
    expect(Math.abs(ntsc.probe.seconds - 3.003)).toBeLessThan(FRAME);
  });

  it('takes MOV and fragmented MP4 too', async () => {
    await ffmpeg('-i', at('one.mp4'), '-c', 'copy', at('one.mov'));
    await ffmpeg('-i', at('one.mp4'), '-c', 'copy', '-movflags', 'frag_keyframe+empty_moov', at('fragments.mp4'));
    const { film } = await joined(['one.mov', 'fragments.mp4', 'one.mp4']);
    expect(film.seconds).toBeCloseTo(6, 3);
  });

  it('puts the index in front of the frames', async () => {
    await joined(['one.mp4', 'two.mp4']);
    const bytes = await readFile(at('film.mp4'));
    const [index, frames] = [bytes.indexOf('moov'), bytes.indexOf('mdat')];
    expect(index).toBeGreaterThan(0);
    expect(index).toBeLessThan(frames);
  });

  it('tells its progress, ascending to 1', async () => {
    const told: number[] = [];
    await joinClips({
      clips: [at('one.mp4'), at('two.mp4')],
      output: at('film.mp4'),
      onProgress: (done) => told.push(done),
    });
    expect(told.at(-1)).toBe(1);
    expect(told.length).toBeLessThanOrEqual(100);
    expect(told).toEqual([...told].sort((a, b) => a - b));
  });
});

describe('scenes that do not go together', () => {
  const refusal = (...names: string[]) => soraError(joinClips({ clips: names.map(at), output: at('never.mp4') }));

  it.each([
    ['size', { size: '180x320' }, 'scene 3 is 180x320, scene 1 is 320x180'],
    [
      'profile',
      { more: ['-profile:v', 'baseline', '-bf', '0'] },
      /^scene 3 has the codec avc1\.42\S+ \(H\.264, Baseline profile, .*, scene 1 has the codec avc1\.64/,
    ],
    [
      'headers',
      { more: ['-refs', '2', '-aspect', '2:1'] },
      /^scene 3 (is \d+x\d+, scene 1 is|has the size, codec and frame rate of scene 1, but)/,
    ],
    [
      'rate',
      { rate: '24', more: ['-level', '1.3'] },
      /^scene 3 has 24 frames a second, scene 1 has 30; they were encoded with other settings$/,
    ],
    [
      'codec',
      { more: ['-c:v', 'libx265', '-tag:v', 'hvc1', '-x265-params', 'log-level=none'] },
      /^scene 3 has the codec h(ev|vc)1\./,
    ],
  ])(
    'says which differs in its %s',
    async (name, options, message) => {
      await makeClip(at(`${name}.mp4`), options);
      const error = await refusal('one.mp4', 'two.mp4', `${name}.mp4`);
      expect(error.code).toBe('not_joinable');
      expect(error.message).toMatch(message);
      expect(error.hint).toMatch(/^(Make the scene again with|redo: true makes scene 3 again)/);
    },
    30_000,
  );

  it('gives no advice that was followed already', async () => {
    await makeClip(at('refs.mp4'), { more: ['-refs', '2'] });
    const { message, hint } = await refusal('one.mp4', 'refs.mp4');
    expect(message).toBe('scene 2 has the size, codec and frame rate of scene 1, but was encoded with other settings');
    expect(hint).not.toMatch(/size and model/);
    expect(hint).toMatch(/^redo: true makes scene 2 again, .* editor/);
  });

  it('says which has other sound, is a WebM, or is turned', async () => {
    await makeClip(at('rate.mp4'), { sound: 'sine=frequency=440:sample_rate=48000' });
    expect((await refusal('silent.mp4', 'one.mp4', 'rate.mp4')).message).toBe(
      'scene 3 has mp4a.40.2 48000 Hz 2-channel sound, scene 2 has mp4a.40.2 44100 Hz 2-channel',
    );
    await ffmpeg('-i', at('silent.mp4'), '-c:v', 'libvpx', at('scene.webm'));
    expect((await refusal('one.mp4', 'scene.webm')).message).toMatch(/^scene 2 is a WebM file/);
    await ffmpeg('-i', at('one.mp4'), '-metadata:s:v', 'rotate=180', '-c', 'copy', at('turned.mp4'));
    expect((await refusal('one.mp4', 'turned.mp4')).message).toMatch(
      /^scene 2 is turned by 180 degrees, scene 1 is turned by 0/,
    );
    expect((await refusal()).message).toMatch(/no scene/);
  });

  it('says which scene is cut off or no video', async () => {
    const whole = await readFile(at('two.mp4'));
    await writeFile(at('cut.mp4'), whole.subarray(0, whole.length / 2));
    await writeFile(at('page.mp4'), '<html>expired</html>');
    expect(await refusal('one.mp4', 'cut.mp4')).toMatchObject({
      code: 'file_invalid',
      message: expect.stringMatching(/^scene 2: cut\.mp4 .*cut off/),
    });
    expect((await refusal('page.mp4', 'one.mp4')).message).toBe('scene 1: page.mp4 is a web page, not a video');
  });

  it('gives an answer for any damage to a scene, never another error', async () => {
    await ffmpeg('-i', at('one.mp4'), '-c', 'copy', '-movflags', '+faststart', at('front.mp4'));
    const whole = await readFile(at('front.mp4'));
    for (let round = 0; round < 60; round++) {
      const broken = Buffer.from(whole);
      for (let hit = 0; hit < 3; hit++) broken[(round * 7919 + hit * 104_729) % 4000] = (round * 31 + hit * 17) % 256;
      await writeFile(at('broken.mp4'), broken);
      const outcome = await joinClips({
        clips: [at('broken.mp4'), at('broken.mp4')],
        output: at('broken-film.mp4'),
      }).then(
        () => 'joined',
        (error) => error.code,
      );
      expect(['joined', 'file_invalid', 'not_joinable'], `round ${round}`).toContain(outcome);
    }
  });

  it('joins no codec that it does not know', async () => {
    await ffmpeg('-i', at('silent.mp4'), '-c:v', 'mpeg4', at('old.mp4'));
    expect((await refusal('old.mp4', 'old.mp4')).message).toBe('scene 1 has the codec mp4v, which cannot be joined');
  });

  it('leaves nothing behind', async () => {
    expect((await readdir(folder)).filter((name) => /never|\.part$/.test(name))).toEqual([]);
  });
});

describe('a join that ends early', () => {
  it('leaves nothing when it is cancelled, and the old film as it was', async () => {
    await writeFile(at('kept.mp4'), 'the film before');
    for (const after of [0, 0.01, 0.5, 0.99]) {
      const controller = new AbortController();
      if (after === 0) controller.abort();
      const error = await soraError(
        joinClips({
          clips: [at('one.mp4'), at('two.mp4'), at('silent.mp4')],
          output: at('kept.mp4'),
          signal: controller.signal,
          onProgress: (done) => done >= after && controller.abort(),
        }),
      );
      expect(error.code).toBe('cancelled');
    }
    expect(await readFile(at('kept.mp4'), 'utf8')).toBe('the film before');
    expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('says that it cannot be written', async () => {
    const error = await soraError(
      joinClips({ clips: [at('one.mp4')], output: join(folder, 'no', 'such', 'film.mp4') }),
    );
    expect(error).toMatchObject({ code: 'store_unavailable', message: 'film.mp4 cannot be written (ENOENT)' });
  });
});

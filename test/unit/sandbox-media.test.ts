import { describe, expect, it } from 'vitest';
import { parameterSets, type Sample, videoEncoder } from '../../src/sandbox/media/h264.ts';
import { TIMESCALE, writeMp4 } from '../../src/sandbox/media/mp4.ts';
import { newPicture } from '../../src/sandbox/media/picture.ts';
import { seededRandom } from '../../src/sandbox/media/random.ts';
import { imageSize, videoFacts } from '../../src/sandbox/media/read.ts';
import { paintScenery } from '../../src/sandbox/media/scenery.ts';
import { renderSpritesheet, renderThumbnail } from '../../src/sandbox/media/stills.ts';
import { clipBytes, installed, joined, lumaAt, probe } from '../helpers/media.ts';

const withFfmpeg = describe.skipIf(!installed('ffprobe') || !installed('ffmpeg'));

withFfmpeg('a sandbox clip, by ffprobe and ffmpeg', () => {
  const shapes: readonly (readonly [number, number, number])[] = [
    [4, 1280, 720],
    [8, 720, 1280],
    [2, 1024, 1792],
    [2, 1792, 1024],
    [2, 1080, 1920],
    [2, 1920, 1080],
    [2.5, 854, 480],
    [0.05, 64, 36],
    [60, 320, 180],
  ];
  it.each(shapes)('%d s of %dx%d', async (seconds, width, height) => {
    const bytes = await clipBytes({ seconds, width, height, characters: [{ name: 'coffee_girl' }] });
    expect(await probe(bytes)).toEqual({
      codec: 'h264',
      profile: 'Constrained Baseline',
      width,
      height,
      seconds,
      frames: Math.max(1, Math.round(seconds * 12)),
      complaints: '',
    });
    expect(videoFacts(bytes)).toEqual({ seconds, width, height });
  });

  it('decodes to just what was drawn, whatever that is', async () => {
    const [width, height] = [128, 96];
    const random = seededRandom('noise');
    const encode = videoEncoder(width, height);
    const picture = newPicture(width, height);
    const samples: Sample[] = [];
    const drawn: Uint8Array[] = [];
    for (let frame = 0; frame < 20; frame++) {
      // Steps of 16 between cells have whole coefficients, so that nothing is rounded away.
      for (let i = 0; i < picture.y.length; i++) {
        if (frame === 0 || random() < 0.1) picture.y[i] = 16 + 16 * Math.floor(random() * 13);
      }
      samples.push(encode(picture, frame % 8 === 0));
      drawn.push(picture.y.slice());
    }
    const track = { width, height, parameters: parameterSets(width, height), samples, ticksPerSample: 1_000 };
    const file = writeMp4({ ...track, durationTicks: 20_000, createdAt: 0, title: 'noise' });
    expect(TIMESCALE).toBe(12_000);
    for (const frame of [0, 7, 8, 19]) {
      const luma = await lumaAt(file, frame);
      const stride = width / 4;
      for (let at = 0; at < luma.length; at++) {
        const cell = Math.floor(at / width / 4) * stride + Math.floor((at % width) / 4);
        if (luma[at] !== drawn[frame]![cell]) expect.fail(`frame ${frame}, pixel ${at}: ${luma[at]}`);
      }
    }
  });

  it('joins with another of its size without encoding', async () => {
    const facts = { width: 640, height: 360, seconds: 2 };
    const parts = await Promise.all(['rain', 'snow'].map((prompt) => clipBytes({ ...facts, prompt })));
    expect(await probe(await joined(parts))).toMatchObject({ seconds: 4, frames: 48, complaints: '' });
  });

  it('stills: a WebP and a JPEG of at most 60 KB', async () => {
    const prompt = 'Night in a forest of very tall trees, @coffee_girl and a fox walk home under the moon and sing';
    const facts = { prompt, seconds: 8, characters: [{ name: 'coffee_girl' }, { name: 'fox' }], label: 'test' };
    for (const [width, height] of [
      [1280, 720],
      [1080, 1920],
    ] as const) {
      const thumbnail = renderThumbnail({ ...facts, width, height });
      const sheet = renderSpritesheet({ ...facts, width, height });
      const still = await probe(thumbnail, 'webp');
      expect(still).toMatchObject({ codec: 'webp', width: width / 4, height: height / 4, complaints: '' });
      expect(imageSize(thumbnail)).toEqual({ width: width / 4, height: height / 4 });
      const { codec, complaints, ...size } = await probe(sheet, 'jpg');
      expect([codec, complaints]).toEqual(['mjpeg', '']);
      expect(imageSize(sheet)).toEqual({ width: size.width, height: size.height });
      expect(Math.max(thumbnail.length, sheet.length)).toBeLessThanOrEqual(60_000);
    }
  });
});

describe('what a sandbox clip is', () => {
  it('is the same for the same scene, and another for another', async () => {
    const [one, same, other] = await Promise.all(['rain', 'rain', 'snow'].map((prompt) => clipBytes({ prompt })));
    expect(Buffer.compare(one!, same!)).toBe(0);
    expect(Buffer.compare(one!, other!)).not.toBe(0);
  });

  it('shares its parameter sets with every clip of its size, so that they join without encoding', async () => {
    const avcC = (bytes: Uint8Array) => {
      const at = Buffer.from(bytes).indexOf('avcC');
      return Buffer.from(bytes.subarray(at - 4, at + new DataView(bytes.buffer).getUint32(at - 4) - 4)).toString('hex');
    };
    const [one, other] = await Promise.all([clipBytes({ prompt: 'rain', seconds: 2 }), clipBytes({ prompt: 'snow' })]);
    expect(avcC(one)).toBe(avcC(other));
  });

  it('can start to play before it is all there, and is small', async () => {
    const bytes = Buffer.from(await clipBytes({ seconds: 10, characters: [{ name: 'coffee_girl' }] }));
    expect(bytes.indexOf('moov')).toBeLessThan(bytes.indexOf('mdat'));
    expect(bytes.length).toBeLessThan(400_000);
  });

  it('survives any text', async () => {
    for (const prompt of ['狐狸在雪地里奔跑 🦊', 'x'.repeat(500), '\n\t', 'Ünïcödé «naïve» — ß']) {
      expect(videoFacts(await clipBytes({ prompt, seconds: 1 }))?.seconds).toBe(1);
    }
  });
});

describe('the scenery', () => {
  const stage = { width: 80, height: 60, horizon: 45 };
  const paint = (prompt: string, seed = prompt) => {
    const picture = newPicture(640, 480);
    return { picture, indoors: paintScenery(picture, stage, prompt, seededRandom(seed)).cloud === undefined };
  };

  it.each([
    ['Ann waves from the door, evening light', true],
    ['Ann opens the café at dawn, wide shot', true],
    ['Ann sits in a bar', true],
    ['waves break on the shore', false],
    ['a ship, seasons pass', false],
  ])('is that of the words: %s', (prompt, indoors) => {
    for (const seed of 'abcdefgh') expect(paint(prompt, seed).indoors).toBe(indoors);
  });

  it('takes no character for a place', () => {
    expect([...'abcdefgh'].some((seed) => !paint('@coffee_girl laughs', seed).indoors)).toBe(true);
  });

  it('is light at dawn, whatever the hash says, and dark at night', () => {
    const skies = (time: string) =>
      Array.from({ length: 40 }, (_, seed) => paint(`the sea at ${time}`, `${seed}`).picture);
    for (const { y, cr } of skies('dawn')) {
      expect(y[0]).toBeGreaterThan(70);
      expect(cr[0]).toBeGreaterThan(150);
    }
    for (const { y } of skies('night')) expect(y[0]).toBeLessThan(60);
  });

  it('is never a green sky', () => {
    for (let seed = 0; seed < 60; seed++) {
      const { cb, cr } = paint('the sea at noon', `${seed}`).picture;
      expect(Math.max(cb[0]!, cr[0]!)).toBeGreaterThan(128);
    }
  });
});

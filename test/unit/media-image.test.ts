import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { fitImage, type Picture, shrinkImage } from '../../src/media/image.ts';
import { readPictureHeader } from '../../src/media/picture-header.ts';
import { ffmpeg, makeClip, rawPixels, scratchFolder, soraError } from './media-samples.ts';

const folder = await scratchFolder();
const at = (name: string) => join(folder, name);

type Colour = 'red' | 'lime' | 'blue' | 'white' | 'black' | 'grey' | 'other';

/** The picture's colours at its four corners and in its middle, as an independent decoder sees them. */
async function look(picture: Picture) {
  await writeFile(at('looked-at'), picture.bytes);
  const { width, height, data } = await rawPixels(at('looked-at'));
  const colour = (x: number, y: number): Colour => {
    const [red, green, blue] = data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3);
    const bits = [red!, green!, blue!].map((value) => (value > 200 ? '1' : value < 60 ? '0' : '-')).join('');
    const names: Record<string, Colour> = {
      100: 'red',
      '010': 'lime',
      '001': 'blue',
      111: 'white',
      '000': 'black',
      '---': 'grey',
    };
    return names[bits] ?? 'other';
  };
  const [right, bottom] = [width - 4, height - 4];
  const corners = [colour(3, 3), colour(right, 3), colour(3, bottom), colour(right, bottom)];
  return { size: `${width}x${height}`, corners, middle: colour(width >> 1, height >> 1) };
}

/** Red, lime / blue, white, in four quarters. */
const quarters = (width: number, height: number) => {
  const box = (x: number, y: number, colour: string) =>
    `drawbox=x=${x * width}:y=${y * height}:w=${width}:h=${height}:color=${colour}:t=fill`;
  return `color=red:s=${2 * width}x${2 * height},${box(1, 0, 'lime')},${box(0, 1, 'blue')},${box(1, 1, 'white')},format=rgb24`;
};

const draw = (graph: string, name: string, ...more: string[]) =>
  ffmpeg('-f', 'lavfi', '-i', graph, '-frames:v', '1', ...more, at(name));

function withOrientation(jpeg: Buffer, orientation: number): Buffer {
  const exif = Buffer.from('45786966000049492a00080000000100120103000100000000000000000000000000', 'hex');
  exif.writeUInt16LE(orientation, 24);
  const head = Buffer.from([0xff, 0xe1, 0, exif.length + 2]);
  return Buffer.concat([jpeg.subarray(0, 2), head, exif, jpeg.subarray(2)]);
}

beforeAll(async () => {
  await draw(quarters(120, 80), 'quarters.png');
  await draw(quarters(120, 80), 'quarters.jpg', '-q:v', '1', '-pix_fmt', 'yuvj444p');
  await draw(quarters(120, 80), 'quarters.webp', '-lossless', '1');
  await draw(quarters(120, 80), 'lossy.webp', '-quality', '90');
});

describe('fitImage', () => {
  it.each(['quarters.png', 'quarters.jpg', 'quarters.webp', 'lossy.webp'])(
    'scales %s to exactly the size',
    async (name) => {
      const picture = await fitImage({ source: at(name), width: 720, height: 480 });
      expect(picture.mimeType).toBe('image/jpeg');
      expect(await look(picture)).toMatchObject({ size: '720x480', corners: ['red', 'lime', 'blue', 'white'] });
    },
  );

  it('crops around the centre and does not stretch', async () => {
    // A white square in a black field: it stays square and in the middle.
    await draw('color=black:s=800x400,drawbox=x=300:y=100:w=200:h=200:color=white:t=fill,format=rgb24', 'square.png');
    const picture = await fitImage({ source: at('square.png'), width: 360, height: 640 });
    await writeFile(at('cropped.jpg'), picture.bytes);
    const { width, height, data } = await rawPixels(at('cropped.jpg'));
    expect([width, height]).toEqual([360, 640]);
    const lit = (x: number, y: number) => data[(y * width + x) * 3]! > 128;
    const down = Array.from({ length: height }, (_, y) => lit(180, y)).filter(Boolean).length;
    const across = Array.from({ length: width }, (_, x) => lit(x, 320)).filter(Boolean).length;
    // 400 rows become 640: the square is 320 high and 320 wide.
    expect(Math.abs(down - 320)).toBeLessThan(4);
    expect(Math.abs(across - 320)).toBeLessThan(4);
  });

  it.each([
    [1, '240x160', ['red', 'lime', 'blue', 'white']],
    [2, '240x160', ['lime', 'red', 'white', 'blue']],
    [3, '240x160', ['white', 'blue', 'lime', 'red']],
    [4, '240x160', ['blue', 'white', 'red', 'lime']],
    [5, '160x240', ['red', 'blue', 'lime', 'white']],
    [6, '160x240', ['blue', 'red', 'white', 'lime']],
    [7, '160x240', ['white', 'lime', 'blue', 'red']],
    [8, '160x240', ['lime', 'white', 'red', 'blue']],
  ])('turns a photograph as its orientation %i says', async (orientation, size, corners) => {
    const source = withOrientation(await readFile(at('quarters.jpg')), orientation);
    const [width, height] = size.split('x').map(Number);
    const seen = await look(await fitImage({ source, width: width!, height: height! }));
    expect(seen).toMatchObject({ size, corners });
  });

  it.each(['monob', 'gray', 'gray16be', 'ya8', 'ya16be', 'rgb24', 'rgba', 'rgb48be', 'rgba64be', 'pal8'])(
    'reads PNG of the kind %s',
    async (format) => {
      await draw(
        'color=white:s=90x90,drawbox=x=0:y=0:w=45:h=90:color=black:t=fill',
        `${format}.png`,
        '-pix_fmt',
        format,
      );
      const seen = await look(await fitImage({ source: at(`${format}.png`), width: 64, height: 64 }));
      expect(seen.corners).toEqual(['black', 'white', 'black', 'white']);
    },
  );

  it('puts what is transparent on white', async () => {
    await draw('color=black@0:s=64x64,format=rgba', 'clear.png');
    await ffmpeg('-i', at('clear.png'), '-lossless', '1', at('clear.webp'));
    for (const name of ['clear.png', 'clear.webp']) {
      expect((await look(await fitImage({ source: at(name), width: 64, height: 64 }))).middle).toBe('white');
    }
  });

  it('brings a photograph of 24 megapixels down without artefacts', async () => {
    await draw('color=0x808080:s=6000x4000', 'large.jpg', '-q:v', '3');
    const seen = await look(await fitImage({ source: at('large.jpg'), width: 1280, height: 720 }));
    expect(seen).toMatchObject({ size: '1280x720', middle: 'grey', corners: ['grey', 'grey', 'grey', 'grey'] });
  });

  it('tells the type by the bytes, not the name', async () => {
    await writeFile(at('really-webp.png'), await readFile(at('quarters.webp')));
    expect((await look(await fitImage({ source: at('really-webp.png'), width: 240, height: 160 }))).corners[0]).toBe(
      'red',
    );
  });
});

describe('what is no picture, or one that cannot be read', () => {
  const refusal = (source: string | Uint8Array) => soraError(fitImage({ source, width: 64, height: 64 }));

  it('says what it is instead', async () => {
    await makeClip(at('clip.mp4'));
    await writeFile(at('page.png'), '<!doctype html><html>');
    await writeFile(at('empty.png'), '');
    expect(await refusal(at('page.png'))).toMatchObject({
      code: 'file_invalid',
      message: 'page.png is a web page, not a picture',
    });
    expect((await refusal(at('clip.mp4'))).message).toBe('clip.mp4 is an MP4 or MOV video, not a picture');
    expect((await refusal(at('empty.png'))).message).toBe('empty.png is empty');
    expect((await refusal(at('missing.png'))).message).toBe('missing.png does not exist');
    expect((await refusal(Buffer.from('GIF89a1234567890'))).message).toBe(
      'the picture is a GIF picture, which cannot be read',
    );
  });

  it.each(['quarters.png', 'quarters.jpg', 'quarters.webp', 'lossy.webp'])(
    'refuses %s when it is cut off, at any place',
    async (name) => {
      const whole = await readFile(at(name));
      for (let share = 0.05; share < 1; share += 0.05) {
        const error = await refusal(whole.subarray(0, Math.floor(whole.length * share)));
        expect(error.code).toBe('file_invalid');
      }
    },
  );

  it.each(['quarters.png', 'quarters.jpg', 'quarters.webp', 'lossy.webp'])(
    'survives any damage to %s',
    async (name) => {
      const whole = await readFile(at(name));
      for (let round = 0; round < 60; round++) {
        const broken = Buffer.from(whole);
        for (let hit = 0; hit < 3; hit++)
          broken[(round * 7919 + hit * 104_729) % Math.min(whole.length, 600)] = (round * 31 + hit * 17) % 256;
        const outcome = await fitImage({ source: broken, width: 8, height: 8 }).then(
          () => 'read',
          (error) => error.code,
        );
        expect(['read', 'file_invalid'], `round ${round}`).toContain(outcome);
      }
    },
    30_000,
  );

  it('refuses 20 MB and more unread, and 50 megapixels and more undecoded', async () => {
    await writeFile(at('huge.png'), await readFile(at('quarters.png')));
    await truncate(at('huge.png'), 20 * 1024 * 1024 + 1);
    expect((await refusal(at('huge.png'))).message).toMatch(/^huge\.png is 20\.0 MB; at most 20\.0 MB/);
    const png = Buffer.from(await readFile(at('quarters.png')));
    png.writeUInt32BE(60_000, 16);
    png.writeUInt32BE(60_000, 20);
    expect((await refusal(png)).message).toBe('the picture is 60000x60000; at most 50 megapixels are read');
  });

  it('does not inflate more than the size that a PNG states', async () => {
    const png = await readFile(at('quarters.png'));
    const chunk = (type: string, body: Buffer) => {
      const head = Buffer.alloc(8);
      head.writeUInt32BE(body.length, 0);
      head.write(type, 4, 'latin1');
      return Buffer.concat([head, body, Buffer.alloc(4)]);
    };
    const bomb = deflateSync(Buffer.alloc(300_000_000), { level: 9 });
    const before = process.memoryUsage().rss;
    const pixels = Buffer.concat([png.subarray(0, 33), chunk('IDAT', bomb), chunk('IEND', Buffer.alloc(0))]);
    expect((await refusal(pixels)).message).toMatch(/damaged/);
    // A colour profile is not even looked at.
    const profile = chunk('iCCP', Buffer.concat([Buffer.from('p\0\0', 'latin1'), bomb]));
    await fitImage({ source: Buffer.concat([png.subarray(0, 33), profile, png.subarray(33)]), width: 8, height: 8 });
    expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000);
  });
});

describe('shrinkImage', () => {
  it('leaves a small picture as it is', async () => {
    const bytes = await readFile(at('lossy.webp'));
    const still = await shrinkImage({ bytes });
    expect(still).toEqual({ bytes, mimeType: 'image/webp' });
  });

  it.each(['noisy.png', 'noisy.jpg', 'noisy.webp'])('brings %s under 60 KB, its shape kept', async (name) => {
    // Noise is what compresses worst.
    await draw('nullsrc=s=1280x720,geq=random(1)*255:128:128', name, ...(name.endsWith('jpg') ? ['-q:v', '2'] : []));
    const bytes = await readFile(at(name));
    expect(bytes.length).toBeGreaterThan(100_000);
    const still = await shrinkImage({ bytes, maxBytes: 60 * 1024, maxSide: 512 });
    expect(still.bytes.length).toBeLessThanOrEqual(60 * 1024);
    const { width, height } = readPictureHeader(still.bytes)!;
    expect(Math.max(width, height)).toBeLessThanOrEqual(512);
    expect(width / height).toBeCloseTo(16 / 9, 1);
  });

  it('keeps a usual thumbnail at its full side', async () => {
    await draw('testsrc2=s=1280x720', 'thumbnail.webp', '-quality', '80');
    const still = await shrinkImage({ bytes: await readFile(at('thumbnail.webp')), maxSide: 640 });
    expect(readPictureHeader(still.bytes)).toMatchObject({ type: 'jpeg', width: 640, height: 360 });
  });

  it('keeps its word for a few hundred bytes', async () => {
    const still = await shrinkImage({ bytes: await readFile(at('quarters.jpg')), maxBytes: 700 });
    expect(still.bytes.length).toBeLessThanOrEqual(700);
  });
});

/** A decoded picture, row by row from the top. */
export interface Pixels {
  /** Bytes, or one number a sample at 16 bits; samples under 8 bits are packed, each row starting on a byte. */
  readonly data: Uint8Array | Uint8ClampedArray | Uint16Array;
  readonly width: number;
  readonly height: number;
  /** 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA. */
  readonly channels: number;
  /** Bits a sample: 1, 2, 4, 8 or 16. */
  readonly depth: number;
}

export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The largest part of a picture, around its centre, that has the shape `width` : `height`. */
export function centred(picture: Pixels, width: number, height: number): Rectangle {
  const scale = Math.min(picture.width / width, picture.height / height);
  const part = {
    width: Math.max(1, Math.min(picture.width, Math.round(width * scale))),
    height: Math.max(1, Math.min(picture.height, Math.round(height * scale))),
  };
  return {
    ...part,
    left: Math.floor((picture.width - part.width) / 2),
    top: Math.floor((picture.height - part.height) / 2),
  };
}

/**
 * A part of the picture as opaque RGBA, what shows through on white, each pixel the mean of `step` by `step` ones. Large
 * pictures are brought near the wanted size this way before they are resampled well: it is fast and takes no memory
 * besides the result.
 */
export function cut(picture: Pixels, part: Rectangle, step: number): Pixels {
  const width = Math.max(1, Math.floor(part.width / step));
  const height = Math.max(1, Math.floor(part.height / step));
  const data = new Uint8Array(width * height * 4);
  const read = reader(picture);
  const across = Math.min(step, part.width);
  const down = Math.min(step, part.height);
  const colour = [0, 0, 0];
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 4) {
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let j = 0; j < down; j++) {
        for (let i = 0; i < across; i++) {
          read(part.left + x * step + i, part.top + y * step + j, colour);
          red += colour[0]!;
          green += colour[1]!;
          blue += colour[2]!;
        }
      }
      const count = across * down;
      data[at] = Math.round(red / count);
      data[at + 1] = Math.round(green / count);
      data[at + 2] = Math.round(blue / count);
      data[at + 3] = 255;
    }
  }
  return { data, width, height, channels: 4, depth: 8 };
}

type Read = (x: number, y: number, colour: number[]) => void;

/** Reads one pixel's red, green and blue, 0 to 255, on white. */
function reader({ data, width, channels, depth }: Pixels): Read {
  if (depth < 8) return packedGrey(data, width, depth);
  const most = depth === 16 ? 257 : 1;
  const coloured = channels >= 3;
  const alpha = channels === 2 || channels === 4;
  return (x, y, colour) => {
    const at = (y * width + x) * channels;
    const opaque = alpha ? data[at + channels - 1]! / (255 * most) : 1;
    for (let index = 0; index < 3; index++) {
      const value = data[coloured ? at + index : at]! / most;
      colour[index] = opaque === 1 ? value : 255 + (value - 255) * opaque;
    }
  };
}

function packedGrey(data: Pixels['data'], width: number, depth: number): Read {
  const rowBytes = Math.ceil((width * depth) / 8);
  const most = 2 ** depth - 1;
  return (x, y, colour) => {
    const bit = x * depth;
    const byte = data[y * rowBytes + (bit >> 3)]!;
    const value = (byte >> (8 - depth - (bit & 7))) & most;
    colour.fill((value * 255) / most);
  };
}

/**
 * A picture made of flat cells: one luma value for every 4x4 pixels, one chroma pair for every 8x8. That is just what
 * the DC coefficients of H.264's Intra16x16 macroblocks can say, so a cell costs a few bits and is decoded exactly.
 * The planes cover whole macroblocks; what lies beyond `width` and `height` is cropped by the player.
 */
export interface Picture {
  /** Visible pixels. */
  readonly width: number;
  readonly height: number;
  /** Macroblocks of 16x16 pixels. */
  readonly mbWidth: number;
  readonly mbHeight: number;
  /** 4 x 4 values a macroblock, row by row. */
  readonly y: Uint8Array;
  /** 2 x 2 values a macroblock. */
  readonly cb: Uint8Array;
  readonly cr: Uint8Array;
}

/** BT.709, limited range. */
export interface Colour {
  readonly y: number;
  readonly cb: number;
  readonly cr: number;
}

export function newPicture(width: number, height: number): Picture {
  const mbWidth = Math.ceil(width / 16);
  const mbHeight = Math.ceil(height / 16);
  const blocks = mbWidth * mbHeight;
  return {
    width,
    height,
    mbWidth,
    mbHeight,
    y: new Uint8Array(blocks * 16).fill(16),
    cb: new Uint8Array(blocks * 4).fill(128),
    cr: new Uint8Array(blocks * 4).fill(128),
  };
}

export function copyPicture(from: Picture, to: Picture): void {
  to.y.set(from.y);
  to.cb.set(from.cb);
  to.cr.set(from.cr);
}

export function clonePicture(from: Picture): Picture {
  return { ...from, y: from.y.slice(), cb: from.cb.slice(), cr: from.cr.slice() };
}

/** Hue in degrees (any), saturation and lightness 0 to 1. */
export function hsl(hue: number, saturation: number, lightness: number): Colour {
  const chroma = (1 - Math.abs(2 * lightness - 1)) * saturation;
  const channel = (shift: number): number => {
    const k = (((shift + hue / 30) % 12) + 12) % 12;
    return lightness - (chroma / 2) * Math.max(-1, Math.min(k - 3, 9 - k, 1));
  };
  return rgb(channel(0), channel(8), channel(4));
}

/** Channels 0 to 1. */
export function rgb(red: number, green: number, blue: number): Colour {
  const luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return {
    y: Math.round(16 + 219 * luma),
    cb: Math.round(128 + (224 * (blue - luma)) / 1.8556),
    cr: Math.round(128 + (224 * (red - luma)) / 1.5748),
  };
}

export function mix(a: Colour, b: Colour, share: number): Colour {
  const between = (from: number, to: number): number => Math.round(from + (to - from) * share);
  return { y: between(a.y, b.y), cb: between(a.cb, b.cb), cr: between(a.cr, b.cr) };
}

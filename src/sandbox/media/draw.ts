import { GLYPH_ADVANCE, GLYPH_HEIGHT, GLYPH_WIDTH, glyphRows } from './font.ts';
import type { Colour, Picture } from './picture.ts';

/**
 * Two grids: art is drawn in *dots* of 8x8 pixels, the finest that has a colour of its own; text in *cells* of 4x4
 * pixels, of luma only. Everything is clipped to the picture.
 */
export interface Extent {
  readonly width: number;
  readonly height: number;
}

export function dotsOf(picture: Picture): Extent {
  return { width: Math.ceil(picture.width / 8), height: Math.ceil(picture.height / 8) };
}

export function cellsOf(picture: Picture): Extent {
  return { width: Math.ceil(picture.width / 4), height: Math.ceil(picture.height / 4) };
}

/** A rectangle of dots. */
export function fill(picture: Picture, x: number, y: number, width: number, height: number, colour: Colour): void {
  const stride = picture.mbWidth * 2;
  const rows = picture.mbHeight * 2;
  const left = Math.max(0, Math.round(x));
  const right = Math.min(stride, Math.round(x + width));
  if (right <= left) return;
  const bottom = Math.min(rows, Math.round(y + height));
  for (let row = Math.max(0, Math.round(y)); row < bottom; row++) {
    picture.cb.fill(colour.cb, row * stride + left, row * stride + right);
    picture.cr.fill(colour.cr, row * stride + left, row * stride + right);
    for (const half of [0, 1]) {
      const start = (row * 2 + half) * stride * 2;
      picture.y.fill(colour.y, start + left * 2, start + right * 2);
    }
  }
}

/** A disc of dots around a centre. */
export function disc(picture: Picture, x: number, y: number, radius: number, colour: Colour): void {
  for (let dy = -Math.ceil(radius); dy <= radius; dy++) {
    const half = Math.sqrt(Math.max(0, radius * radius - dy * dy));
    if (half > 0) fill(picture, x - half, y + dy, 2 * half, 1, colour);
  }
}

/** A rectangle of cells; only its brightness changes. */
export function shade(picture: Picture, x: number, y: number, width: number, height: number, luma: number): void {
  const stride = picture.mbWidth * 4;
  const left = Math.max(0, Math.round(x));
  const right = Math.min(stride, Math.round(x + width));
  if (right <= left) return;
  const bottom = Math.min(picture.mbHeight * 4, Math.round(y + height));
  for (let row = Math.max(0, Math.round(y)); row < bottom; row++)
    picture.y.fill(luma, row * stride + left, row * stride + right);
}

/** Text at a cell, every font pixel `scale` cells wide. The text must be drawable. */
export function write(picture: Picture, x: number, y: number, text: string, scale: number, luma: number): void {
  let at = x;
  for (const char of text) {
    glyphRows(char).forEach((bits, row) => {
      for (let column = 0; column < GLYPH_WIDTH; column++)
        if (bits & (16 >> column)) shade(picture, at + column * scale, y + row * scale, scale, scale, luma);
    });
    at += GLYPH_ADVANCE * scale;
  }
}

/** Cells that a text takes. */
export function textExtent(text: string, scale: number): Extent {
  return { width: Math.max(0, text.length * GLYPH_ADVANCE - 1) * scale, height: GLYPH_HEIGHT * scale };
}

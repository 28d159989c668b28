import { cellsOf } from './draw.ts';
import type { Picture } from './picture.ts';

/** Red, green and blue, 8 bits each, row by row. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

export function newRaster(width: number, height: number): Raster {
  return { width, height, rgb: new Uint8Array(width * height * 3) };
}

/** One pixel for each cell: a quarter of the picture's size. */
export function rasterOf(picture: Picture): Raster {
  const { width, height } = cellsOf(picture);
  const raster = newRaster(width, height);
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const chroma = (row >> 1) * picture.mbWidth * 2 + (column >> 1);
      const luma = (1.164384 * (picture.y[row * picture.mbWidth * 4 + column]! - 16)) | 0;
      const cb = picture.cb[chroma]! - 128;
      const cr = picture.cr[chroma]! - 128;
      const at = (row * width + column) * 3;
      raster.rgb[at] = clamp(luma + 1.792741 * cr);
      raster.rgb[at + 1] = clamp(luma - 0.213249 * cb - 0.532909 * cr);
      raster.rgb[at + 2] = clamp(luma + 2.112402 * cb);
    }
  return raster;
}

function clamp(value: number): number {
  return Math.max(0, Math.min(255, Math.round(value)));
}

/** Draws `source`, made smaller by the whole factor `by`, into `target`. */
export function drawSmaller(source: Raster, target: Raster, left: number, top: number, by: number): void {
  const [width, height] = [Math.floor(source.width / by), Math.floor(source.height / by)];
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++)
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let y = 0; y < by; y++)
          for (let x = 0; x < by; x++)
            sum += source.rgb[((row * by + y) * source.width + column * by + x) * 3 + channel]!;
        target.rgb[((top + row) * target.width + left + column) * 3 + channel] = Math.round(sum / (by * by));
      }
}

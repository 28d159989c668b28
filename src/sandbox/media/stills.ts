import { writeJpeg } from './jpeg.ts';
import { newPicture } from './picture.ts';
import { drawSmaller, newRaster, type Raster, rasterOf } from './raster.ts';
import { composeScene, type SceneFacts } from './scene.ts';
import { writeWebp } from './webp.ts';

const SHEET_COLUMNS = 3;
const SHEET_ROWS = 3;
/** Such pictures are shown to agents, for whom every byte counts. */
const MAX_BYTES = 60_000;
/** The longer side of one picture of the sheet is about so many pixels. */
const SHEET_SIDE = 160;

/** A lossless WebP of one moment, a quarter as wide and high as the video. */
export function renderThumbnail(facts: SceneFacts): Uint8Array {
  return writeWebp(momentsOf(facts)(facts.seconds * 0.4));
}

/** A JPEG of 9 moments, row by row. */
export function renderSpritesheet(facts: SceneFacts): Uint8Array {
  const momentAt = momentsOf(facts);
  const first = momentAt(0);
  const by = Math.max(1, Math.round(Math.max(first.width, first.height) / SHEET_SIDE));
  const [width, height] = [Math.floor(first.width / by), Math.floor(first.height / by)];
  const sheet = newRaster(width * SHEET_COLUMNS, height * SHEET_ROWS);
  const count = SHEET_COLUMNS * SHEET_ROWS;
  for (let index = 0; index < count; index++) {
    const moment = momentAt((facts.seconds * index) / count);
    drawSmaller(moment, sheet, (index % SHEET_COLUMNS) * width, Math.floor(index / SHEET_COLUMNS) * height, by);
  }
  let coarseness = 1.5;
  let file = writeJpeg(sheet, coarseness);
  for (; file.length > MAX_BYTES; file = writeJpeg(sheet, coarseness)) coarseness *= 1.6;
  return file;
}

function momentsOf(facts: SceneFacts): (seconds: number) => Raster {
  const scene = composeScene(facts);
  const picture = newPicture(facts.width, facts.height);
  return (seconds) => {
    scene(picture, seconds);
    return rasterOf(picture);
  };
}

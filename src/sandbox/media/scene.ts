import { cellsOf, disc, dotsOf, fill, shade, textExtent, write } from './draw.ts';
import { designFigure, drawFigure, FIGURE_HEIGHT, FIGURE_WIDTH, type Figure } from './figure.ts';
import { drawable, GLYPH_ADVANCE, wrapText } from './font.ts';
import { copyPicture, hsl, newPicture, type Picture, rgb } from './picture.ts';
import { seededRandom } from './random.ts';
import { paintScenery, type Stage } from './scenery.ts';

/** What a sandbox clip shows. */
export interface SceneFacts {
  readonly prompt: string;
  readonly seconds: number;
  readonly width: number;
  readonly height: number;
  /** Those who appear, in order. */
  readonly characters: readonly { readonly name: string; readonly description?: string | undefined }[];
  /** A few words for the corner: what made the clip. */
  readonly label: string;
}

/** Draws any moment of a scene, `seconds` from its start, into a picture of its size. */
export type Scene = (picture: Picture, seconds: number) => void;

const PAPER = rgb(0.05, 0.06, 0.09);
const BRIGHT = 235;
const DIM = 150;
const MARGIN = 6;
const LINE = 10;

export function composeScene(facts: SceneFacts): Scene {
  const background = newPicture(facts.width, facts.height);
  const random = seededRandom(facts.prompt);
  const cells = cellsOf(background);
  const dots = dotsOf(background);
  const columns = Math.floor((cells.width - 2 * MARGIN) / GLYPH_ADVANCE);
  const lines = cells.height < 60 ? [] : wrapText(facts.prompt, columns, cells.height < 100 ? 1 : 3);
  const panelTop = Math.max(0, dots.height - Math.ceil((lines.length * LINE + 3 * MARGIN + LINE) / 2));
  const stage: Stage = { width: dots.width, height: panelTop, horizon: Math.round(panelTop * 0.76) };
  const accent = hsl(random() * 360, 0.8, 0.62);

  const { cloud } = paintScenery(background, stage, facts.prompt, random);
  fill(background, 0, panelTop, background.mbWidth * 2, background.mbHeight * 2, PAPER);
  fill(background, 0, panelTop, dots.width, 1, accent);
  for (const [index, line] of lines.entries()) {
    write(background, MARGIN, panelTop * 2 + MARGIN + index * LINE, line, 1, BRIGHT);
  }

  const cast = placeCast(facts, stage);
  const clouds = Array.from({ length: 3 }, () => ({
    x: random() * stage.width,
    y: stage.horizon * (0.15 + random() * 0.35),
  }));
  return (picture, seconds) => {
    copyPicture(background, picture);
    const step = Math.floor(seconds * 12);
    if (cloud) for (const { x, y } of clouds) drawCloud(picture, ((x + step / 6) % (stage.width + 16)) - 16, y, cloud);
    if (cast.length === 0) drawBall(picture, stage, step, accent);
    for (const actor of cast) drawActor(picture, actor, step);
    writeBadge(picture, facts.label);
    drawTimeline(picture, facts.seconds, seconds, accent, panelTop * 2 + MARGIN + lines.length * LINE + MARGIN - 2);
  };
}

function writeBadge(picture: Picture, label: string): void {
  const cells = cellsOf(picture);
  const scale = Math.max(1, Math.min(3, Math.floor((cells.width - 16) / 41), Math.floor(cells.height / 90)));
  const word = textExtent('SANDBOX', scale);
  // A very small picture has room for the word only.
  const shown = cells.height < 100 ? '' : label;
  const small = wrapText(shown, Math.floor((cells.width - 2 * MARGIN) / GLYPH_ADVANCE), 1)[0] ?? '';
  const width = Math.max(word.width, textExtent(small, 1).width) + 8;
  fill(picture, 2, 2, Math.ceil(width / 2), Math.ceil((word.height + (small ? LINE : 0) + 8) / 2), PAPER);
  write(picture, 8, 8, 'SANDBOX', scale, BRIGHT);
  write(picture, 8, 8 + word.height + 3, small, 1, DIM);
}

interface Actor {
  readonly figure: Figure;
  readonly tag: string;
  readonly scale: number;
  /** Dots. */
  readonly from: number;
  readonly way: number;
  readonly feet: number;
}

function placeCast(facts: SceneFacts, stage: Stage): readonly Actor[] {
  const shown = facts.characters.slice(0, 4);
  const lane = stage.width / Math.max(1, shown.length);
  const room = Math.min(stage.height / (FIGURE_HEIGHT * 1.5), lane / (FIGURE_WIDTH * 1.3));
  const scale = Math.max(1, Math.min(3, Math.floor(room)));
  return shown.map(({ name, description }, index) => ({
    figure: designFigure(name, description),
    tag: drawable(name).slice(0, Math.max(4, Math.floor((lane * 2 - 8) / GLYPH_ADVANCE))),
    scale,
    from: Math.round(lane * index + 2),
    way: Math.max(1, Math.round(lane - FIGURE_WIDTH * scale - 4)),
    feet: stage.height - 8 - 2 * (index % 2),
  }));
}

function drawActor(picture: Picture, actor: Actor, step: number): void {
  // There and back again, one dot a frame.
  const turn = step % (2 * actor.way);
  const x = actor.from + (turn < actor.way ? turn : 2 * actor.way - turn);
  const stride = Math.floor(step / 3);
  fill(picture, x + actor.scale, actor.feet - 1, (FIGURE_WIDTH - 2) * actor.scale, 1, PAPER);
  drawFigure(picture, actor.figure, x, actor.feet - (stride % 2), actor.scale, stride);
  // The name stands below the feet, on whole dots, so that the plate's colour keeps to its edge.
  const width = textExtent(actor.tag, 1).width;
  const left = Math.round((x * 2 + FIGURE_WIDTH * actor.scale - width / 2) / 2);
  fill(picture, left - 1, actor.feet + 1, Math.ceil(width / 2) + 2, 6, PAPER);
  write(picture, left * 2, actor.feet * 2 + 4, actor.tag, 1, BRIGHT);
}

function drawBall(picture: Picture, stage: Stage, step: number, colour: ReturnType<typeof hsl>): void {
  const way = Math.max(1, stage.width - 20);
  const turn = step % (2 * way);
  const x = 10 + (turn < way ? turn : 2 * way - turn);
  const height = Math.abs(Math.sin(step / 6)) * stage.horizon * 0.35;
  const floor = stage.horizon + (stage.height - stage.horizon) * 0.5;
  fill(picture, x - 4, floor + 5, 8, 1, PAPER);
  disc(picture, x, floor - height, 5.5, colour);
  disc(picture, x - 2, floor - height - 2, 1.5, rgb(1, 1, 1));
}

function drawCloud(picture: Picture, x: number, y: number, colour: ReturnType<typeof hsl>): void {
  fill(picture, x, y, 14, 2, colour);
  fill(picture, x + 2, y - 1, 8, 1, colour);
  fill(picture, x + 4, y - 2, 4, 1, colour);
}

function drawTimeline(
  picture: Picture,
  total: number,
  seconds: number,
  colour: ReturnType<typeof hsl>,
  top: number,
): void {
  const cells = cellsOf(picture);
  const time = `${seconds.toFixed(1)}/${Number(total.toFixed(1))}S`;
  const room = textExtent(`${total.toFixed(1)}/${Number(total.toFixed(1))}S`, 1).width;
  const width = Math.floor((cells.width - 3 * MARGIN - room) / 2);
  const row = Math.floor(top / 2) + 1;
  fill(picture, MARGIN / 2, row, width, 2, hsl(0, 0, 0.25));
  fill(picture, MARGIN / 2, row, Math.round(width * Math.min(1, seconds / total)), 2, colour);
  shade(picture, cells.width - MARGIN - room, top, room, 7, PAPER.y);
  write(picture, cells.width - MARGIN - room, top, time, 1, BRIGHT);
}

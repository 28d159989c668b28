import { disc, fill } from './draw.ts';
import { type Colour, hsl, mix, type Picture } from './picture.ts';
import { pick, type Random } from './random.ts';

/** The part of the picture that the scenery fills, in dots, and where its ground begins. */
export interface Stage {
  readonly width: number;
  readonly height: number;
  readonly horizon: number;
}

interface Look {
  readonly hue: number;
  readonly night: boolean;
  readonly sky: Colour;
  readonly haze: Colour;
  readonly random: Random;
}

type Painter = (picture: Picture, stage: Stage, look: Look) => void;

/** Any of these words by itself or in the plural; a character's handle is no word of the scene. */
function anyOf(words: string): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{N}_@])(${words})(e?s)?(?![\\p{L}\\p{N}_])`, 'iu');
}

/** What calls for a place; without one the prompt's hash chooses. Whoever waves is not at sea. */
const PLACES: readonly (readonly [RegExp, Painter])[] = [
  [
    anyOf(
      'sea|seaside|ocean|beach|boat|(?<!star |space )ship|harbou?r|island|surf|lake|river|waves (break|crash|roll)',
    ),
    paintSea,
  ],
  [anyOf('space|planet|moon|mars|galaxy|star ?ship|space ?ship|rocket|orbit|astronaut'), paintSpace],
  [anyOf('city|street|tokyo|paris|new york|town|downtown|skyline|market|neon|office'), paintCity],
  [anyOf('forest|wood|tree|jungle|park|garden'), paintForest],
  [anyOf('desert|dune|sand|canyon|pyramid'), paintDesert],
  [anyOf('mountain|snow|snowy|ice|icy|alp|glacier|ski|skiing|winter'), paintMountains],
  [
    anyOf('room|caf[eé]|coffee|kitchen|studio|bar|indoor|library|house|bakery|restaurant|meeting|door|doorway|window'),
    paintRoom,
  ],
];
const PAINTERS = [paintHills, ...PLACES.map(([, painter]) => painter)];

const NIGHT = anyOf('night|midnight|nightfall|moonlight|moonlit|dark|darkness|neon|starry');
const TWILIGHT = anyOf('dawn|daybreak|sunrise|sunset|dusk|twilight|evening|sundown|golden hour');
const DAY = anyOf('day|daylight|morning|noon|midday|afternoon|sunny|sunlit|sunlight');

/** What is to move in front of it. */
export interface Sky {
  /** The colour of its clouds; absent where there are none. */
  readonly cloud?: Colour;
}

export function paintScenery(picture: Picture, stage: Stage, prompt: string, random: Random): Sky {
  const painter = PLACES.find(([words]) => words.test(prompt))?.[1] ?? pick(random, PAINTERS);
  const spin = random();
  const twilight = TWILIGHT.test(prompt);
  const day = twilight || DAY.test(prompt);
  const night = painter === paintSpace || NIGHT.test(prompt) || (!day && random() < 0.2);
  // Nights keep to blue and violet, twilight to red and gold; by day any sky will do but a green one, so that scenes
  // are told apart.
  const hue = night ? 200 + spin * 90 : twilight ? 320 + spin * 30 : 180 + spin * 200;
  const sky = night ? hsl(hue, 0.55, 0.12) : hsl(hue, 0.6, 0.42);
  const haze = night ? hsl(hue + 40, 0.5, 0.3) : hsl(hue + 45, 0.75, 0.78);
  for (let row = 0; row < stage.height; row++)
    fill(picture, 0, row, stage.width, 1, mix(sky, haze, Math.min(1, row / stage.horizon)));
  if (night) scatterStars(picture, stage, random);
  painter(picture, stage, { hue, night, sky, haze, random });
  if (painter === paintRoom || painter === paintSpace) return {};
  return { cloud: mix(haze, hsl(0, 0, night ? 0.55 : 0.97), 0.7) };
}

function scatterStars(picture: Picture, stage: Stage, random: Random): void {
  const count = (stage.width * stage.horizon) / 90;
  for (let i = 0; i < count; i++)
    fill(picture, random() * stage.width, random() * stage.horizon, 1, 1, hsl(50, 0.3, 0.65 + random() * 0.3));
}

function paintSun(picture: Picture, stage: Stage, look: Look): void {
  const x = stage.width * (0.2 + look.random() * 0.6);
  const y = stage.horizon * (0.35 + look.random() * 0.3);
  const radius = Math.max(3, Math.min(stage.width, stage.height) * 0.1);
  const colour = look.night ? hsl(50, 0.25, 0.88) : hsl(46, 0.95, 0.68);
  disc(picture, x, y, radius + 1.5, mix(colour, look.haze, 0.6));
  disc(picture, x, y, radius, colour);
  if (look.night) disc(picture, x + radius * 0.4, y - radius * 0.25, radius * 0.85, look.sky);
}

/** A skyline given by its height over every column, from `base` downwards to the end of the stage. */
function ridge(picture: Picture, stage: Stage, base: number, height: (column: number) => number, colour: Colour): void {
  for (let column = 0; column < stage.width; column++) {
    const top = base - height(column);
    fill(picture, column, top, 1, stage.height - top, colour);
  }
}

function wave(random: Random, stretch: number): (column: number) => number {
  const [a, b] = [random() * 7, random() * 7];
  return (column) => 0.6 * Math.sin(column / stretch + a) + 0.4 * Math.sin(column / (stretch * 0.43) + b);
}

function ground(picture: Picture, stage: Stage, near: Colour, far: Colour): void {
  const depth = stage.height - stage.horizon;
  for (let row = 0; row < depth; row++)
    fill(picture, 0, stage.horizon + row, stage.width, 1, mix(far, near, row / depth));
}

function tone(look: Look, shift: number, saturation: number, lightness: number): Colour {
  return hsl(look.hue + shift, saturation, look.night ? lightness * 0.5 : lightness);
}

function paintHills(picture: Picture, stage: Stage, look: Look): void {
  paintSun(picture, stage, look);
  const [far, near] = [wave(look.random, 17), wave(look.random, 11)];
  ridge(picture, stage, stage.horizon, (column) => 7 + 5 * far(column), tone(look, 140, 0.35, 0.52));
  ridge(picture, stage, stage.horizon, (column) => 2 + 3 * near(column), tone(look, 150, 0.45, 0.4));
  ground(picture, { ...stage, horizon: stage.horizon + 3 }, tone(look, 160, 0.5, 0.24), tone(look, 155, 0.5, 0.36));
}

function paintSea(picture: Picture, stage: Stage, look: Look): void {
  paintSun(picture, stage, look);
  const level = stage.horizon - 8;
  const water = { ...look, hue: 205 };
  ground(picture, { ...stage, horizon: level }, tone(water, 10, 0.6, 0.3), tone(water, -10, 0.55, 0.6));
  for (let i = 0; i < stage.width / 3; i++)
    fill(picture, look.random() * stage.width, level + 1 + look.random() * 9, 3, 1, tone(water, -15, 0.5, 0.75));
  const shore = wave(look.random, 13);
  ridge(picture, stage, stage.horizon + 4, shore, hsl(42, 0.5, look.night ? 0.3 : 0.68));
}

function paintSpace(picture: Picture, stage: Stage, look: Look): void {
  scatterStars(picture, stage, look.random);
  const radius = Math.min(stage.width, stage.horizon) * 0.24;
  const [x, y] = [stage.width * (0.25 + look.random() * 0.5), stage.horizon * 0.45];
  for (let row = Math.round(-radius); row < radius; row++) {
    const half = Math.sqrt(radius * radius - row * row);
    const band = Math.round((row / radius) * 4) / 4;
    fill(picture, x - half, y + row, 2 * half, 1, hsl(look.hue + 180 + band * 50, 0.6, 0.5));
  }
  fill(picture, x - radius * 1.6, y, radius * 3.2, 1, hsl(look.hue + 200, 0.4, 0.75));
  const rim = wave(look.random, 9);
  ridge(picture, stage, stage.horizon, (column) => 1 + 2 * rim(column), hsl(look.hue + 20, 0.12, 0.42));
  for (let i = 0; i < stage.width / 9; i++) {
    const row = stage.horizon + 5 + look.random() * (stage.height - stage.horizon - 6);
    fill(picture, look.random() * stage.width, row, 3 + look.random() * 4, 1, hsl(look.hue + 20, 0.12, 0.33));
  }
}

function paintCity(picture: Picture, stage: Stage, look: Look): void {
  paintSun(picture, stage, look);
  for (const layer of [0, 1]) {
    for (let x = 0; x < stage.width; ) {
      const width = 6 + Math.floor(look.random() * 7);
      const height = stage.horizon * (layer === 0 ? 0.35 + look.random() * 0.35 : 0.12 + look.random() * 0.3);
      const top = Math.round(stage.horizon - height);
      const wall = tone(look, 190 + look.random() * 40, 0.25, layer === 0 ? 0.5 : 0.34);
      fill(picture, x, top, width, stage.horizon - top, wall);
      for (let row = top + 2; row < stage.horizon - 2; row += 3)
        for (let column = x + 1; column < x + width - 1; column += 2)
          if (look.random() < 0.55) fill(picture, column, row, 1, 1, hsl(46, 0.85, look.night ? 0.68 : 0.8));
      x += width + (layer === 0 ? 0 : 1 + Math.floor(look.random() * 3));
    }
  }
  ground(picture, stage, tone(look, 200, 0.08, 0.28), tone(look, 200, 0.08, 0.42));
  const middle = Math.round((stage.horizon + stage.height) / 2);
  for (let x = 2; x < stage.width; x += 14) fill(picture, x, middle, 7, 1, hsl(48, 0.6, 0.75));
}

function paintForest(picture: Picture, stage: Stage, look: Look): void {
  paintSun(picture, stage, look);
  ground(picture, stage, hsl(115, 0.4, look.night ? 0.12 : 0.24), hsl(105, 0.4, look.night ? 0.2 : 0.4));
  for (const layer of [0, 1, 2])
    for (let x = -3 + layer * 3; x < stage.width; x += 7 + layer * 3 + look.random() * 4) {
      const height = stage.horizon * (0.3 + look.random() * 0.2 + layer * 0.06);
      const green = hsl(100 + look.random() * 50, 0.4, (look.night ? 0.12 : 0.24) + (2 - layer) * 0.09);
      const foot = stage.horizon + layer;
      fill(picture, x - 0.5, foot - height * 0.2, 2, height * 0.2, hsl(25, 0.4, 0.22));
      for (let row = 0; row < height * 0.85; row++) {
        const half = 0.5 + (row % 6) * 0.55 + row * 0.13;
        fill(picture, x - half + 0.5, foot - height + row, 2 * half, 1, green);
      }
    }
}

function paintDesert(picture: Picture, stage: Stage, look: Look): void {
  paintSun(picture, stage, look);
  const sand = { ...look, hue: 35 };
  const [far, near] = [wave(look.random, 19), wave(look.random, 23)];
  const [x, height] = [stage.width * (0.2 + look.random() * 0.5), stage.horizon * 0.42];
  for (let row = 0; row < height; row++) {
    fill(picture, x - row, stage.horizon - height + row, row, 1, tone(sand, 5, 0.5, 0.62));
    fill(picture, x, stage.horizon - height + row, row, 1, tone(sand, 0, 0.45, 0.46));
  }
  ridge(picture, stage, stage.horizon, (column) => 3 + 4 * far(column), tone(sand, 3, 0.6, 0.66));
  ridge(picture, stage, stage.horizon + 4, (column) => 2 + 2 * near(column), tone(sand, 0, 0.6, 0.56));
}

function paintMountains(picture: Picture, stage: Stage, look: Look): void {
  paintSun(picture, stage, look);
  for (const layer of [0, 1])
    for (let i = 0; i < 3 + layer; i++) {
      const peak = stage.width * look.random();
      const height = stage.horizon * (layer === 0 ? 0.55 : 0.32) * (0.75 + look.random() * 0.3);
      for (let row = 0; row < height; row++) {
        const snow = row < height * 0.3 + ((row * 7) % 3);
        const colour = snow ? tone(look, 0, 0.2, 0.93) : tone(look, 210, 0.2, layer === 0 ? 0.5 : 0.36);
        fill(picture, peak - row * 0.8, stage.horizon - height + row, row * 1.6 + 1, 1, colour);
      }
    }
  ground(picture, stage, tone(look, 190, 0.25, 0.78), tone(look, 190, 0.2, 0.92));
}

function paintRoom(picture: Picture, stage: Stage, look: Look): void {
  const wall = hsl(look.hue, 0.35, look.night ? 0.3 : 0.72);
  fill(picture, 0, 0, stage.width, stage.horizon, wall);
  for (let x = 0; x < stage.width; x += 8)
    fill(picture, x, 0, 1, stage.horizon, mix(wall, hsl(look.hue, 0.4, 0.5), 0.25));
  const [left, width] = [Math.round(stage.width * (0.15 + look.random() * 0.3)), Math.round(stage.width * 0.34)];
  const [top, height] = [Math.round(stage.horizon * 0.3), Math.round(stage.horizon * 0.45)];
  fill(picture, left - 1, top - 1, width + 2, height + 2, hsl(30, 0.4, 0.32));
  for (let row = 0; row < height; row++)
    fill(picture, left, top + row, width, 1, mix(look.sky, look.haze, row / height));
  fill(picture, left + width / 2, top, 1, height, hsl(30, 0.4, 0.32));
  fill(picture, left, top + height / 2, width, 1, hsl(30, 0.4, 0.32));
  const lamp = Math.round(stage.width * 0.82);
  fill(picture, lamp, 0, 1, stage.horizon * 0.3, hsl(0, 0, 0.2));
  for (let row = 0; row < 5; row++)
    fill(picture, lamp - row - 1, stage.horizon * 0.3 + row, row * 2 + 3, 1, hsl(46, 0.9, 0.62));
  for (let row = stage.horizon; row < stage.height; row++)
    fill(picture, 0, row, stage.width, 1, hsl(26, 0.45, (row - stage.horizon) % 4 === 0 ? 0.28 : 0.36));
}

import { fill } from './draw.ts';
import { type Colour, hsl, type Picture, rgb } from './picture.ts';
import { pick, seededRandom } from './random.ts';

/** Width and height of a figure in art pixels. */
export const FIGURE_WIDTH = 12;
export const FIGURE_HEIGHT = 20;

/** How one character looks: the same in every clip, because it is drawn from the name alone. */
export interface Figure {
  readonly head: readonly string[];
  readonly colours: { readonly [letter: string]: Colour };
}

/** H hair, S skin, E eye, M mouth, W white, C coat, D its trim, A hat or antenna, T legs, B boots. */
const HEADS = {
  short: [
    '....HHHH....',
    '...HHHHHH...',
    '..HHHHHHHH..',
    '..HSSSSSSH..',
    '..SSESSESS..',
    '..SSSSSSSS..',
    '...SSMMSS...',
    '....SSSS....',
  ],
  long: [
    '...HHHHHH...',
    '..HHHHHHHH..',
    '.HHHHHHHHHH.',
    '.HHSSSSSSHH.',
    '.HSSESSESSH.',
    '.HSSSSSSSSH.',
    '.HHSSMMSSHH.',
    '.HH.SSSS.HH.',
  ],
  hat: [
    '...AAAAAA...',
    '...AAAAAA...',
    '.AAAAAAAAAA.',
    '..HSSSSSSH..',
    '..SSESSESS..',
    '..SSSSSSSS..',
    '...SSMMSS...',
    '....SSSS....',
  ],
  bun: [
    '....HHHH....',
    '.....HH.....',
    '...HHHHHH...',
    '..HHSSSSHH..',
    '..HSESSESH..',
    '..SSSSSSSS..',
    '...SSMMSS...',
    '....SSSS....',
  ],
  ears: [
    '.HH......HH.',
    '.HDH....HDH.',
    '.HHHHHHHHHH.',
    '..HHHHHHHH..',
    '..HHEHHEHH..',
    '..HWWWWWWH..',
    '...WWEEWW...',
    '....WWWW....',
  ],
  robot: [
    '.....AA.....',
    '.....WW.....',
    '..WWWWWWWW..',
    '..WEEEEEEW..',
    '.AWEAEEAEWA.',
    '..WEEEEEEW..',
    '..WWWWWWWW..',
    '....WWWW....',
  ],
} as const;

const BODY = [
  '...CCDDCC...',
  '..CCCDDCCC..',
  '.CCCCDDCCCC.',
  '.CCCCDDCCCC.',
  '.CC.CDDC.CC.',
  '.SS.CDDC.SS.',
  '....CCCC....',
  '....TTTT....',
];
const LEGS = [
  ['....TTTT....', '....T..T....', '...TT..TT...', '...BB..BB...'],
  ['....TTTT....', '....TTTT....', '.....TT.....', '....BBB.....'],
];

const ANIMAL = /\b(cat|kitten|fox|dog|puppy|wolf|bear|panda|bunny|rabbit|mouse|tiger|lion|dragon|raccoon)/i;
const MACHINE = /\b(robo|robot|android|droid|cyborg|mecha|machine|bot)\b/i;

/** From a character's name; a word in it or in the description may make it an animal or a robot. */
export function designFigure(name: string, description = ''): Figure {
  const random = seededRandom(`figure ${name.toLowerCase()}`);
  const words = `${name.replaceAll('_', ' ')} ${description}`;
  const people = pick(random, [HEADS.short, HEADS.long, HEADS.hat, HEADS.bun]);
  const head = MACHINE.test(words) ? HEADS.robot : ANIMAL.test(words) ? HEADS.ears : people;
  const coat = random() * 360;
  const animal = head === HEADS.ears;
  const hair = animal
    ? pick(random, [hsl(22, 0.75, 0.5), hsl(35, 0.35, 0.45), hsl(215, 0.12, 0.5), hsl(28, 0.4, 0.3)])
    : pick(random, [
        hsl(20, 0.5, 0.16),
        hsl(28, 0.55, 0.32),
        hsl(45, 0.75, 0.55),
        hsl(8, 0.65, 0.4),
        hsl(280, 0.4, 0.4),
      ]);
  const skin = animal
    ? hair
    : pick(random, [hsl(26, 0.65, 0.76), hsl(24, 0.5, 0.62), hsl(22, 0.45, 0.45), hsl(20, 0.4, 0.34)]);
  return {
    head,
    colours: {
      H: hair,
      S: head === HEADS.robot ? hsl(210, 0.1, 0.6) : skin,
      E: rgb(0.06, 0.06, 0.1),
      M: hsl(355, 0.5, 0.45),
      W: animal ? rgb(0.95, 0.92, 0.86) : hsl(210, 0.12, 0.78),
      A: hsl(coat + 160, 0.65, 0.45),
      C: hsl(coat, 0.7, 0.5),
      D: hsl(coat + 50, 0.75, 0.72),
      T: hsl(coat + 200, 0.35, 0.42),
      B: rgb(0.16, 0.12, 0.12),
    },
  };
}

/** Draws a figure with its feet at `(x, y)` in dots; `stride` chooses how its legs stand. */
export function drawFigure(
  picture: Picture,
  figure: Figure,
  x: number,
  y: number,
  scale: number,
  stride: number,
): void {
  const rows = [...figure.head, ...BODY, ...LEGS[stride % 2]!];
  const top = y - FIGURE_HEIGHT * scale;
  rows.forEach((row, line) => {
    for (let from = 0; from < row.length; ) {
      let to = from + 1;
      while (to < row.length && row[to] === row[from]) to++;
      const colour = figure.colours[row[from]!];
      if (colour) fill(picture, x + from * scale, top + line * scale, (to - from) * scale, scale, colour);
      from = to;
    }
  });
}

/** Width and height of a glyph in cells, without the gap after it. */
export const GLYPH_WIDTH = 5;
export const GLYPH_HEIGHT = 7;
export const GLYPH_ADVANCE = 6;

/** One base-32 digit a row, its five bits from left to right. Drawn for this project. */
const GLYPHS: { readonly [char: string]: string } = {
  A: 'ehhvhhh',
  B: 'uhhuhhu',
  C: 'ehggghe',
  D: 'uhhhhhu',
  E: 'vgguggv',
  F: 'vgguggg',
  G: 'ehgnhhf',
  H: 'hhhvhhh',
  I: 'e44444e',
  J: '72222ic',
  K: 'hikokih',
  L: 'ggggggv',
  M: 'hrllhhh',
  N: 'hhpljhh',
  O: 'ehhhhhe',
  P: 'uhhuggg',
  Q: 'ehhhlid',
  R: 'uhhukih',
  S: 'fgge11u',
  T: 'v444444',
  U: 'hhhhhhe',
  V: 'hhhhha4',
  W: 'hhhllla',
  X: 'hha4ahh',
  Y: 'hhha444',
  Z: 'v1248gv',
  0: 'ehjlphe',
  1: '4c4444e',
  2: 'eh1248v',
  3: 'v2421he',
  4: '26aiv22',
  5: 'vgu11he',
  6: '68guhhe',
  7: 'v124888',
  8: 'ehhehhe',
  9: 'ehhf12c',
  ' ': '0000000',
  '.': '00000cc',
  ',': '0000c48',
  ':': '0cc0cc0',
  ';': '0cc0c48',
  '!': '4444404',
  '?': 'eh12404',
  "'": '4480000',
  '"': 'aaa0000',
  '-': '000v000',
  _: '000000v',
  '+': '044v440',
  '/': '01248g0',
  '\\': '0g84210',
  '(': '2488842',
  ')': '8422248',
  '[': 'e88888e',
  ']': 'e22222e',
  '@': 'eh1dlle',
  '#': 'aavavaa',
  '&': 'cik8lid',
  '%': 'op248j3',
  '*': '04lel40',
  '=': '00v0v00',
  '<': '248g842',
  '>': '8421248',
  $: '4fke5u4',
  '|': '4444444',
  '~': '008l200',
};
/** A hollow box stands for what the font has not. */
const UNKNOWN = 'vhhhhhv';

export function glyphRows(char: string): readonly number[] {
  return Array.from(GLYPHS[char] ?? UNKNOWN, (digit) => Number.parseInt(digit, 32));
}

/** What the font can show of a text: capitals, no accents, plain punctuation. */
export function drawable(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[‘’`]/g, "'")
    .replace(/[“”«»]/g, '"')
    .replace(/[‐-―−]/g, '-')
    .replace(/ß/g, 'ss')
    .replace(/\s+/g, ' ')
    .toUpperCase();
}

/** At most `lines` lines of at most `columns` characters; what does not fit ends in dots. */
export function wrapText(text: string, columns: number, lines: number): string[] {
  const wrapped: string[] = [];
  let line = '';
  for (const word of Array.from(drawable(text).split(' '))) {
    let rest = word;
    if (line && line.length + 1 + rest.length > columns) {
      wrapped.push(line);
      line = '';
    }
    while (rest.length > columns) {
      wrapped.push(rest.slice(0, columns));
      rest = rest.slice(columns);
    }
    line = line ? `${line} ${rest}` : rest;
  }
  if (line) wrapped.push(line);
  if (wrapped.length <= lines) return wrapped;
  const kept = wrapped.slice(0, lines);
  const last = kept[lines - 1]!;
  kept[lines - 1] = `${last.slice(0, Math.max(0, columns - 3)).trimEnd()}...`;
  return kept;
}

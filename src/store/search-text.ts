import { createHash } from 'node:crypto';

/*
 * The index holds pieces of three letters. Two marks before each word make its first one and two letters such pieces
 * too, so that `c` and `co` find `coffee`; three letters of the private-use area stand for the workspace.
 */
const MARK = '\ue000';
const WORD = /[\p{L}\p{N}\p{M}\p{So}]+/gu;
/** Scripts that are written without spaces: any place in a word may be where a searched word starts. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{So}]/u;
const LETTERS: Readonly<Record<string, string>> = {
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ı: 'i',
  þ: 'th',
};
const MAX_QUERY_LENGTH = 200;
const MAX_QUERY_WORDS = 8;

/** The words of a text in lower case and without diacritics. */
export function wordsOf(text: string): string[] {
  const plain = text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
    .toLowerCase()
    .replace(/[øłđðßæœıþ]/g, (letter) => LETTERS[letter] ?? letter);
  return plain.match(WORD) ?? [];
}

/** What the index holds for a character. */
export function searchText(workspace: string, ...texts: readonly string[]): string {
  const words = new Set(texts.flatMap(wordsOf));
  return workspaceSign(workspace) + [...words].map(marked).join('');
}

function marked(word: string): string {
  if (!UNSPACED.test(word)) return MARK + MARK + word;
  const letters = [...word];
  const starts = letters.slice(1).map((_, index) => MARK + MARK + letters.slice(index + 1, index + 3).join(''));
  return MARK + MARK + word + starts.join('');
}

export interface SearchTerms {
  /** The expression for MATCH: any two neighbours of a word are in a piece, so that hardly a text has them all strewn. */
  readonly match: string;
  /** What stands in the `search_text` of those that are meant: each word, a short one with the marks of its start. */
  readonly contains: readonly string[];
}

/** Undefined when nothing in the query can be searched for. */
export function searchTerms(query: string): SearchTerms | undefined {
  const words = wordsOf(query.slice(0, MAX_QUERY_LENGTH)).slice(0, MAX_QUERY_WORDS);
  if (words.length === 0) return undefined;
  return { match: allOf(new Set(words.flatMap((word) => piecesOf(word, 2)))), contains: words.map(startMarked) };
}

/** Pieces that cover a word, `step` letters apart. As few as will do: each one more is a list to walk. */
export function piecesOf(word: string, step: 2 | 3): string[] {
  const letters = [...startMarked(word)];
  const last = letters.length - 3;
  const starts = Array.from({ length: Math.ceil(last / step) + 1 }, (_, index) => Math.min(index * step, last));
  return starts.map((start) => letters.slice(start, start + 3).join(''));
}

/** One or two letters must start a word. */
function startMarked(word: string): string {
  return MARK.repeat(Math.max(0, 3 - [...word].length)) + word;
}

export function allOf(pieces: Iterable<string>): string {
  return [...pieces].map((piece) => `"${piece}"`).join(' AND ');
}

const signs = new Map<string, string>();

/** Two workspaces may share a sign: it only narrows the walk, the row's own workspace decides. */
export function workspaceSign(workspace: string): string {
  let sign = signs.get(workspace);
  if (sign === undefined) {
    const digest = createHash('sha256').update(workspace).digest();
    sign = [0, 2, 4].map((at) => String.fromCharCode(0xe100 + (digest.readUInt16BE(at) & 0xfff))).join('');
    signs.set(workspace, sign);
  }
  return sign;
}

import type { Character } from './character.ts';
import { SoraError } from './errors.ts';
import { nearest } from './text.ts';

/** One part of a prompt. Text has its `\@` escapes already taken out. */
export type Segment =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'mention';
      /** As it stands in the prompt: `@coffee_girl` or `@{coffee_girl}`. */
      readonly raw: string;
      /** Without the sign: a handle, one of our ids or a remote id. */
      readonly reference: string;
      /** Absent when nobody of that name is known: an error, never plain text, since a typing error would cost money. */
      readonly character?: Character | undefined;
    };

/** Finds a character by handle, our id or a remote id. */
export type ResolveCharacter = (reference: string) => Character | undefined;

const BRACED = /^@\{([^{}\\\r\n]{1,120})\}/u;
// Some gateways' ids hold `=`, `:`, `+` and `/`; they count only where the whole of it is a known id.
const WIDE_TOKEN = /^@([\p{L}\p{M}\p{N}_.=:+/-]{1,400})/u;
const TOKEN = /^@([\p{L}\p{M}\p{N}_.-]{1,400})/u;
const ASCII_TOKEN = /^[A-Za-z0-9_.-]+/;
const LATIN = /^[\p{Script=Latin}\p{M}\p{N}]/u;
// What may stand right before an e-mail's `@`. Scripts that write without spaces are no e-mail names.
const JOINED = /[\p{L}\p{N}_%+&=#~$-]$/u;
const SPACELESS = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]$/u;
const ADDRESS = /:\/\/|^www\.|[\p{L}\p{N}-]\.\p{L}{2,}\//iu;

/** Splits a prompt into its text and its mentions. E-mail addresses, `@2x`, `@ home`, URLs and `\@word` are text. */
export function parsePrompt(prompt: string, resolve: ResolveCharacter): Segment[] {
  const segments: Segment[] = [];
  let text = '';
  let at = 0;
  for (let sign = prompt.indexOf('@'); sign >= 0; sign = prompt.indexOf('@', at)) {
    const before = prompt.slice(at, sign);
    if (before.endsWith('\\')) {
      text += `${before.slice(0, -1)}@`;
      at = sign + 1;
      continue;
    }
    text += before;
    const follows = before === '' && text === '' && segments.length > 0;
    const mention = follows || mayStart(prompt.slice(0, sign)) ? mentionAt(prompt.slice(sign), resolve) : undefined;
    if (mention === undefined) {
      text += '@';
      at = sign + 1;
      continue;
    }
    if (text !== '') segments.push({ kind: 'text', text });
    text = '';
    segments.push(mention);
    at = sign + mention.raw.length;
  }
  text += prompt.slice(at);
  if (text !== '') segments.push({ kind: 'text', text });
  return segments;
}

function mayStart(before: string): boolean {
  const word = before.slice(-300).match(/\S*$/u)![0];
  if (ADDRESS.test(word)) return false;
  // An emoji's variation mark is no letter's accent: `❤️@sam` is a mention.
  const base = word.replace(/\p{M}+$/u, (marks) => (/[\ufe0f\u20e3]/u.test(marks) ? ' ' : ''));
  return !JOINED.test(base) || SPACELESS.test(base);
}

function mentionAt(rest: string, resolve: ResolveCharacter): Extract<Segment, { kind: 'mention' }> | undefined {
  const braced = BRACED.exec(rest);
  if (braced) {
    const reference = braced[1]!.trim().replace(/^@/, '');
    if (reference === '') return undefined;
    return { kind: 'mention', raw: braced[0], reference, character: resolve(reference) };
  }
  for (const reference of readings(rest)) {
    const character = resolve(reference);
    if (character !== undefined) return { kind: 'mention', raw: `@${reference}`, reference, character };
  }
  const unknown = trimEnd(TOKEN.exec(rest)?.[1] ?? '');
  // `@2x`, `@3pm`, `@_@`: nobody is called that, unless it resolved above.
  if (!/^(?:\p{L}|_+[\p{L}\p{N}])/u.test(unknown)) return undefined;
  return { kind: 'mention', raw: `@${unknown}`, reference: unknown };
}

/** What the text after an `@` could name, the longest first. */
function readings(rest: string): Set<string> {
  const found = new Set<string>();
  const wide = WIDE_TOKEN.exec(rest)?.[1];
  if (wide === undefined) return found;
  found.add(wide);
  const token = TOKEN.exec(rest)?.[1] ?? '';
  addShorter(token, found);
  // `@coffee_girl走路`: a script without spaces goes on right behind an id, which is always ASCII.
  const ascii = ASCII_TOKEN.exec(token)?.[0];
  if (ascii !== undefined && !LATIN.test(token.slice(ascii.length))) addShorter(ascii, found);
  return found;
}

/** Dots may belong to a name (`ab12.name`) or to the sentence: each cut at one is a reading. */
function addShorter(token: string, found: Set<string>): void {
  for (let text = trimEnd(token); text !== ''; text = trimEnd(text.slice(0, Math.max(0, text.lastIndexOf('.'))))) {
    found.add(text);
  }
}

function trimEnd(token: string): string {
  return token.replace(/[.-]+$/, '');
}

/** The characters mentioned, in order of first mention, each once. */
export function mentionedCharacters(segments: readonly Segment[]): Character[] {
  const found = new Map<string, Character>();
  for (const segment of segments) {
    if (segment.kind === 'mention' && segment.character) found.set(segment.character.id, segment.character);
  }
  return [...found.values()];
}

/** What the prompt mentions and nobody is called, each once. */
export function unknownReferences(segments: readonly Segment[]): string[] {
  const unknown = new Set<string>();
  for (const segment of segments) {
    if (segment.kind === 'mention' && segment.character === undefined) unknown.add(segment.reference);
  }
  return [...unknown];
}

/** The error for mentions that resolve to nothing, with the nearest handles. `field`: where they stand. */
export function unknownMention(references: readonly string[], handles: Iterable<string>, field = 'prompt'): SoraError {
  const known = [...handles];
  const near = [...new Set(references.flatMap((reference) => nearest(reference, known)))];
  const names = references.map((reference) => `@${reference.slice(0, 60)}`).join(', ');
  const literal = field === 'prompt' ? ` For a literal @ in the video's prompt write \\@${references[0] ?? ''}.` : '';
  const meant =
    near.length > 0
      ? `Did you mean ${near.map((handle) => `@${handle}`).join(' or ')}?`
      : 'list_characters shows who exists; create_character adds one.';
  return new SoraError({
    code: 'unknown_mention',
    field,
    message: `no character is called ${names}`,
    hint: `${meant}${literal}`,
    details: { unknown: references, ...(near.length > 0 ? { nearest: near } : {}) },
  });
}

/**
 * The first of these characters' names that a backend with mentions would find in the text. Backends know no escapes,
 * and no e-mail addresses either: any `@` will do.
 */
export function readAsMention(text: string, names: Iterable<string>): string | undefined {
  for (const name of names) {
    const plain = name.replace(/^@?\{?|\}$/g, '').replace(/[^\w]/g, '\\$&');
    if (plain !== '' && new RegExp(`@\\{?\\s*${plain}(?!\\w)`, 'i').test(text)) return name;
  }
  return undefined;
}

/** How one backend wants characters to stand in a prompt. */
export interface PromptStyle {
  /** `mention`: `@char_…`, set apart from what follows. `name`: the plain name, word for word. */
  readonly kind: 'mention' | 'name';
  /** The mention on that backend with its sign, or the name. */
  textFor(character: Character): string;
}

/**
 * The prompt as one backend must get it. Characters that are given but not mentioned stand in front of it, each once.
 * A mention that resolved to nobody stays as it was written.
 */
export function renderPrompt(
  segments: readonly Segment[],
  extraCharacters: readonly Character[],
  style: PromptStyle,
): string {
  let body = '';
  segments.forEach((segment, index) => {
    if (segment.kind === 'text') {
      body += segment.text;
      return;
    }
    const text = segment.character ? style.textFor(segment.character) : segment.raw;
    const next = segments[index + 1];
    const tail = next === undefined ? '' : next.kind === 'text' ? next.text : '@';
    if (style.kind === 'name') {
      body += text + (next?.kind === 'mention' ? ' ' : '');
      return;
    }
    const glued = /[\p{L}\p{N}_-]$/u.test(body);
    body += `${glued ? ' ' : ''}${text}${needsSpace(text, tail) ? ' ' : ''}`;
  });
  return inFront(missing(segments, extraCharacters), body, style);
}

/** A name with dots would swallow the sentence's own dot, and any name the letters right behind it. */
function needsSpace(mention: string, tail: string): boolean {
  if (/^\s/u.test(tail)) return false;
  if (!mention.endsWith('}') && mention.includes('.')) return true;
  return /^(?:@|[.-]*[\p{L}\p{M}\p{N}_])/u.test(tail);
}

function missing(segments: readonly Segment[], extra: readonly Character[]): Character[] {
  const mentioned = new Set(mentionedCharacters(segments).map((character) => character.id));
  const wanted = new Map(extra.map((character) => [character.id, character]));
  return [...wanted.values()].filter((character) => !mentioned.has(character.id));
}

function inFront(characters: readonly Character[], body: string, style: PromptStyle): string {
  switch (style.kind) {
    case 'mention':
      return [...characters.map((character) => style.textFor(character)), body].filter((part) => part !== '').join(' ');
    case 'name': {
      const names = characters.map((character) => style.textFor(character)).filter((name) => !standsIn(name, body));
      if (names.length === 0) return body;
      const list = names.length === 1 ? names[0] : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
      return body === '' ? `Featuring ${list}.` : `Featuring ${list}. ${body}`;
    }
    default:
      return style.kind satisfies never;
  }
}

/** Whether a name already stands in the text as words of its own. */
function standsIn(name: string, text: string): boolean {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    const before = text.slice(0, at);
    const after = text.slice(at + name.length);
    if (!/[\p{L}\p{N}_]$/u.test(before) && !/^[\p{L}\p{N}_]/u.test(after)) return true;
  }
  return false;
}

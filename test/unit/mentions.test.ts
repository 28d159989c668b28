import { describe, expect, test } from 'vitest';
import type { Character } from '../../src/domain/character.ts';
import {
  mentionedCharacters,
  type PromptStyle,
  parsePrompt,
  readAsMention,
  renderPrompt,
  unknownMention,
  unknownReferences,
} from '../../src/domain/mentions.ts';
import { seeded } from '../bench/polling-simulation.ts';

function character(handle: string, name: string, mention: string): Character {
  return {
    id: `chr_${handle}`,
    workspace: 'local',
    handle,
    name,
    description: '',
    source: { kind: 'video_url', url: 'https://example.com/a.mp4' },
    bindings: [
      { backend: 'reverse', route: 'reverse', state: 'ready', remoteId: mention.slice(1), mention, createdAt: 0 },
    ],
    createdAt: 0,
    updatedAt: 0,
  };
}

const girl = character('coffee_girl', 'Coffee Girl', '@char_abc');
const sam = character('sam', 'Sam', '@ab12.name');
const robot = character('robot', 'Robot', '@3f9a=');
const CAST = [girl, sam, robot];

const resolve = (reference: string) =>
  CAST.find((each) => [each.handle, each.id, each.bindings[0]!.remoteId].includes(reference));
const reverse: PromptStyle = { kind: 'mention', textFor: (each) => each.bindings[0]!.mention! };
const names: PromptStyle = { kind: 'name', textFor: (each) => each.name };
const rendered = (prompt: string, style: PromptStyle, extra: Character[] = []) =>
  renderPrompt(parsePrompt(prompt, resolve), extra, style);
const references = (prompt: string) =>
  parsePrompt(prompt, resolve).flatMap((each) => (each.kind === 'mention' ? [each.reference] : []));

describe('what is a mention', () => {
  test.each([
    ['@coffee_girl walks', ['coffee_girl']],
    ['A day with @coffee_girl.', ['coffee_girl']],
    ['A day with @coffee_girl...', ['coffee_girl']],
    ['(@coffee_girl), "@sam" and [@robot]', ['coffee_girl', 'sam', 'robot']],
    ['@chr_coffee_girl and @char_abc', ['chr_coffee_girl', 'char_abc']],
    ['@ab12.name. Then rain', ['ab12.name']],
    ['@ab12.name.Then rain', ['ab12.name']],
    ['@sam.Then rain', ['sam']],
    ['@{ab12.name}s hat', ['ab12.name']],
    ['@{ coffee_girl }!', ['coffee_girl']],
    ['@3f9a= is a remote id', ['3f9a=']],
    ["@coffee_girl's cup", ['coffee_girl']],
    ['line one\n@coffee_girl\r\n@sam', ['coffee_girl', 'sam']],
    ['😀@coffee_girl❤️@sam', ['coffee_girl', 'sam']],
    ['咖啡@coffee_girl走路', ['coffee_girl']],
    ['@sam@coffee_girl', ['sam', 'coffee_girl']],
    ['@sam/@coffee_girl', ['sam', 'coffee_girl']],
    ['¿@sam?', ['sam']],
    ['end.@sam', ['sam']],
  ])('%j mentions %j', (prompt, expected) => {
    expect(references(prompt)).toEqual(expected);
    expect(unknownReferences(parsePrompt(prompt, resolve))).toEqual([]);
  });

  test.each([
    'write to a@b.com or first.last+tag@sam.example',
    'user@coffee_girl',
    'icon@2x.png at @2x',
    'meet @ home',
    'at @3pm sharp',
    '@4k footage',
    'a face like @_@ or @-@',
    'mail me @ sam',
    'at the end @',
    '\\@coffee_girl stays',
    'see https://tiktok.com/@coffee_girl and tiktok.com/@sam',
    '@{} and @{',
    '@.sam',
  ])('%j mentions nobody', (prompt) => {
    expect(references(prompt)).toEqual([]);
  });

  test.each([
    ['@cofee_girl walks', ['cofee_girl']],
    ['@coffee_girlx', ['coffee_girlx']],
    ['@coffee_girl-style', ['coffee_girl-style']],
    ['@scope/name', ['scope']],
    ['@nobody.at.all.', ['nobody.at.all']],
    ['@мария', ['мария']],
    ['@café', ['café']],
    ['@{two words}', ['two words']],
    ['@constructor @__proto__ @toString', ['constructor', '__proto__', 'toString']],
  ])('%j mentions somebody unknown', (prompt, expected) => {
    expect(unknownReferences(parsePrompt(prompt, resolve))).toEqual(expected);
  });

  test('a backslash is taken out before a literal @, and nowhere else', () => {
    expect(rendered('\\@sam \\n a\\@b.com', reverse)).toBe('@sam \\n a@b.com');
  });

  test('the longest reading wins', () => {
    const long = character('x', 'X', '@sam.name');
    const found = parsePrompt('@sam.name.', (each) => (each === 'sam.name' ? long : resolve(each)));
    expect(mentionedCharacters(found)).toEqual([long]);
  });

  test('the error names the nearest and how to write a literal one', () => {
    const error = unknownMention(['cofee_girl'], ['coffee_girl', 'sam']);
    expect(error).toMatchObject({ code: 'unknown_mention', field: 'prompt', charged: 'no' });
    expect(error.hint).toBe("Did you mean @coffee_girl? For a literal @ in the video's prompt write \\@cofee_girl.");
    expect(unknownMention(['zzz'], []).hint).toMatch(/list_characters/);
    expect(unknownMention(['zzz'], [], 'characters').hint).not.toMatch(/literal/);
  });
});

describe('what each backend gets', () => {
  test.each([
    ['@coffee_girl walks', '@char_abc walks', 'Coffee Girl walks'],
    ['Rain. @coffee_girl.', 'Rain. @char_abc.', 'Rain. Coffee Girl.'],
    ['@sam, wait', '@ab12.name , wait', 'Sam, wait'],
    ['wait for @sam', 'wait for @ab12.name ', 'wait for Sam'],
    ['wait for @sam now', 'wait for @ab12.name now', 'wait for Sam now'],
    ['@{coffee_girl}s', '@char_abc s', 'Coffee Girls'],
    ['咖啡@coffee_girl走路', '咖啡 @char_abc 走路', '咖啡Coffee Girl走路'],
    ['@coffee_girl@sam', '@char_abc @ab12.name ', 'Coffee Girl Sam'],
    ['@coffee_girl.Then', '@char_abc .Then', 'Coffee Girl.Then'],
    ['@coffee_girl\n@coffee_girl', '@char_abc\n@char_abc', 'Coffee Girl\nCoffee Girl'],
  ])('%j', (prompt, forReverse, forForwarding) => {
    expect(rendered(prompt, reverse)).toBe(forReverse);
    expect(rendered(prompt, names)).toBe(forForwarding);
  });

  test('characters that are not mentioned stand in front, once', () => {
    expect(rendered('a walk', reverse, [girl, robot, girl])).toBe('@char_abc @3f9a= a walk');
    expect(rendered('@coffee_girl walks', reverse, [girl])).toBe('@char_abc walks');
    expect(rendered('a walk', names, [girl])).toBe('Featuring Coffee Girl. a walk');
    expect(rendered('a walk', names, [girl, sam])).toBe('Featuring Coffee Girl and Sam. a walk');
    expect(rendered('a walk', names, [girl, sam, robot])).toBe('Featuring Coffee Girl, Sam and Robot. a walk');
    expect(rendered('', reverse, [girl])).toBe('@char_abc');
    expect(rendered('', names, [girl])).toBe('Featuring Coffee Girl.');
  });

  test('a name that already stands in the prompt is not said twice', () => {
    expect(rendered('Coffee Girl walks', names, [girl])).toBe('Coffee Girl walks');
    expect(rendered('the Samurai', names, [sam])).toBe('Featuring Sam. the Samurai');
  });
});

describe('for any prompt', () => {
  const random = seeded(11);
  const pieces = [
    '@',
    '\\@',
    '@coffee_girl',
    '@sam',
    '@{robot}',
    '@2x',
    'a@b.com',
    '.',
    ' ',
    '\n',
    'x',
    '走',
    '😀',
    '❤️',
    '-',
    '@nobody',
    '{',
    '}',
    '$&',
    '\\',
  ];
  const prompts = Array.from({ length: 3_000 }, () =>
    Array.from({ length: 1 + Math.floor(random() * 10) }, () => pieces[Math.floor(random() * pieces.length)]).join(''),
  );

  test('nothing is lost: the parts put together are the prompt', () => {
    for (const prompt of prompts) {
      const joined = parsePrompt(prompt, resolve)
        .map((each) => (each.kind === 'text' ? each.text : each.raw))
        .join('');
      expect(joined).toBe(prompt.replaceAll('\\@', '@'));
    }
  });

  test('each character mentioned is in what is sent, and its mention ends where it ends', () => {
    for (const prompt of prompts) {
      const segments = parsePrompt(prompt, resolve);
      for (const each of mentionedCharacters(segments)) {
        expect(renderPrompt(segments, [], names)).toContain(each.name);
        const mention = each.bindings[0]!.mention!.replace(/[.]/g, '\\$&');
        const ends = mention.includes('.') ? '(?=\\s)' : '(?![.-]*[\\p{L}\\p{N}_])';
        expect(renderPrompt(segments, [], reverse)).toMatch(new RegExp(`${mention}${ends}`, 'u'));
      }
    }
  });

  test('text without an @ is left alone', () => {
    for (const prompt of prompts.map((each) => each.replaceAll('@', ''))) {
      expect(rendered(prompt, reverse)).toBe(prompt);
      expect(rendered(prompt, names)).toBe(prompt);
    }
  });

  test('a hostile prompt costs no more than its length', () => {
    for (const piece of ['@a.', '@', '@{', 'a.', '\\@', '@a', ' @x-']) {
      let asked = 0;
      parsePrompt(piece.repeat(32_000 / piece.length), () => {
        asked += 1;
        return undefined;
      });
      expect(asked).toBeLessThan(200_000);
    }
    let asked = 0;
    parsePrompt(`@${'a.'.repeat(16_000)}`, () => {
      asked += 1;
      return undefined;
    });
    expect(asked).toBeLessThan(1_000);
  });
});

describe('what a backend reads as a mention', () => {
  const names = ['char_2', '@ab12.name', '@{br4ce}', 'a=b+c'];

  test.each([
    ['@char_2 walks', 'char_2'],
    ['walks with @CHAR_2, slowly', 'char_2'],
    ['mail@char_2', 'char_2'],
    ['@char_2走路', 'char_2'],
    ['@{ char_2 }', 'char_2'],
    ['look: @ab12.name.', '@ab12.name'],
    ['@br4ce and @{br4ce}', '@{br4ce}'],
    ['@a=b+c', 'a=b+c'],
    ['at @home', undefined],
    ['@char_22 walks', undefined],
    ['char_2 walks', undefined],
    ['@ab12xname', undefined],
  ])('%s', (text, found) => {
    expect(readAsMention(text, names)).toBe(found);
  });
});

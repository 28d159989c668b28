import { describe, expect, onTestFinished, test } from 'vitest';
import { instructionsFor } from '../../src/mcp/instructions.ts';
import { TOOLS } from '../../src/mcp/tools/all.ts';
import { aCharacter, type ConnectOptions, connectMcp, ERAS } from '../helpers/mcp.ts';

async function connect(options: ConnectOptions = {}) {
  const connection = await connectMcp(options);
  onTestFinished(() => connection.close());
  return connection;
}

const NAMES = new Set(TOOLS.map(({ name }) => name));

/** Words that look like tools of ours. */
function toolsNamed(text: string): string[] {
  return (text.match(/\b(create|extract|list|generate|get|estimate|make|revise)_[a-z]+\b/g) ?? []).sort();
}

describe('prompts', () => {
  test.each(ERAS)('are listed with their arguments (%s)', async (era) => {
    const { client } = await connect({ era });
    const { prompts } = await client.listPrompts();
    expect(prompts.map(({ name, arguments: args }) => [name, args?.map((arg) => [arg.name, arg.required])])).toEqual([
      [
        'storyboard',
        [
          ['idea', true],
          ['scenes', false],
          ['characters', false],
        ],
      ],
      [
        'character_sheet',
        [
          ['name', true],
          ['look', false],
          ['style', false],
        ],
      ],
    ]);
    for (const prompt of prompts) {
      expect(prompt.title).toBeTruthy();
      for (const argument of prompt.arguments ?? []) expect(argument.description).toBeTruthy();
    }
  });

  test.each(ERAS)('guide by the real names of the tools (%s)', async (era) => {
    const { client } = await connect({ era });
    const texts = [];
    for (const [name, args] of [
      ['storyboard', { idea: 'a cat goes to Mars', scenes: '5', characters: 'coffee_girl' }],
      ['storyboard', { idea: 'a cat goes to Mars', scenes: '' }],
      ['character_sheet', { name: 'Coffee Girl', look: 'red scarf' }],
    ] as const) {
      const { messages } = await client.getPrompt({ name, arguments: args });
      const [message] = messages as unknown as [{ role: string; content: { text: string } }];
      expect(message.role).toBe('user');
      expect(message.content.text).not.toContain('undefined');
      const named = toolsNamed(message.content.text);
      expect(named.length).toBeGreaterThan(3);
      for (const tool of named) expect(NAMES).toContain(tool);
      texts.push(message.content.text);
    }
    expect(texts[0]).toContain('5 scenes about: a cat goes to Mars');
    expect(texts[0]).toContain('1. Cast. coffee_girl. Check');
    expect(texts[1]).toContain('3 scenes');
    expect(texts[2]).toContain('red scarf');
  });

  test.each([
    ['storyboard', {}, 'idea is required'],
    ['storyboard', { idea: '  ' }, 'idea is required'],
    ['storyboard', { idea: 'x'.repeat(5_000) }, 'idea is too long'],
    ['storyboard', { idea: 'x', scenes: 'abc' }, 'scenes is "abc": give a whole number from 1 to 100'],
    ['storyboard', { idea: 'x', scenes: '500' }, 'from 1 to 100'],
    ['character_sheet', { look: 'tall' }, 'name is required'],
    ['nothing', {}, 'not found'],
  ])('%s with %j is refused', async (name, args, words) => {
    const { client } = await connect();
    await expect(client.getPrompt({ name, arguments: args as Record<string, string> })).rejects.toThrow(words);
  });

  test.each(ERAS)('complete the last of several handles (%s)', async (era) => {
    const characters = ['coffee_girl', 'coffee_boy', 'tea_girl'].map((handle) => aCharacter({ handle }));
    const { client } = await connect({ era, characters });
    const complete = async (name: string, value: string) => {
      const ref = { type: 'ref/prompt' as const, name: 'storyboard' };
      return (await client.complete({ ref, argument: { name, value } })).completion.values;
    };
    expect(await complete('characters', '')).toEqual(['coffee_girl', 'coffee_boy', 'tea_girl']);
    expect(await complete('characters', '@cof')).toEqual(['coffee_girl', 'coffee_boy']);
    expect(await complete('characters', 'coffee_girl, tea')).toEqual(['coffee_girl, tea_girl']);
    expect(await complete('idea', 'a')).toEqual([]);
  });
});

describe('instructions', () => {
  const facts = { version: '1.0.0', sandbox: true, backendIds: ['a'] };

  test.each(ERAS)('reach the client (%s)', async (era) => {
    const { client } = await connect({ era });
    expect(client.getInstructions()).toBe(instructionsFor(facts, 'here'));
  });

  test('are under 1 KB, begin with what people search for, and name real tools', () => {
    const text = instructionsFor(facts, 'here');
    expect(Buffer.byteLength(text)).toBeLessThan(1_024);
    expect(text.slice(0, 80)).toMatch(/video.*character.*storyboard/i);
    expect(new Set(toolsNamed(text))).toEqual(NAMES);
  });

  test('say when it is the sandbox, and only then', () => {
    expect(instructionsFor(facts, 'here')).toContain('SANDBOX');
    expect(instructionsFor({ ...facts, sandbox: false }, 'here')).not.toMatch(/sandbox/i);
  });
});

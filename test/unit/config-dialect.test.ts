import { describe, expect, test } from 'vitest';
import { definitionOf } from '../../src/backends/definition.ts';
import { inlineDialectIssues } from '../../src/backends/dialects/catalog.ts';
import { inlineDialectSchema } from '../../src/backends/dialects/schema.ts';
import type { DialectCheck } from '../../src/config.ts';
import { configFileJsonSchema } from '../../src/config-file.ts';
import { backend, load, problems, withFile } from './config-fixtures.ts';

const dialectIssues: DialectCheck = async (document, route) => inlineDialectIssues(document, route);
const withDialect = (dialect: unknown) => ({
  ...withFile({
    backends: [
      { ...backend, id: 'zero' },
      { ...backend, dialect },
    ],
  }),
  dialectIssues,
});
const operations = {
  create: { method: 'POST', path: '/jobs', fields: { prompt: 'text' } },
  get: { method: 'GET', path: '/jobs/{id}' },
};
const whole = { operations, defaults: { model: 'm1', seconds: 5 } };
const job = (create: object) => ({
  ...whole,
  operations: { ...operations, create: { ...operations.create, ...create } },
});
const look = (get: object) => ({ ...whole, operations: { ...operations, get: { ...operations.get, ...get } } });

describe('a dialect described in the file', () => {
  test.each<[string, object, object]>([
    ['changes to a shipped one', { extends: 'gateway', operations: { create: { path: '/jobs' } } }, { name: 'inline' }],
    ['a whole one without name and route', whole, { name: 'inline', route: 'forwarding' }],
    [
      'the id in the query, in a body that is written, and mentions in braces',
      {
        ...whole,
        operations: {
          ...operations,
          get: { method: 'POST', path: '/find', query: { id: '{id}' } },
          edit: { method: 'POST', path: '/edit', fields: { prompt: 'p', id: { name: 'of', as: { id: '{value}' } } } },
        },
        mention: '@{{username}}',
        maxCharacters: 1,
      },
      { mention: '@{{username}}' },
    ],
    [
      'lists whose size is said, and no mention where no character is understood',
      {
        ...whole,
        operations: {
          ...operations,
          models: { method: 'GET', path: '/models', query: { limit: '{limit}', after: '{after}' } },
          listCharacters: { method: 'GET', path: '/cast', query: { limit: '{limit}' } },
        },
        mention: '',
      },
      { mention: '', maxCharacters: 0 },
    ],
    ['a whole one with both', { ...whole, name: 'studio', route: 'forwarding' }, { name: 'studio' }],
  ])('a dialect described in it: %s', async (_, dialect, facts) => {
    const config = await load(withDialect(dialect));
    const definitions = await definitionOf(config);
    expect(definitions[1]!.dialect).toMatchObject({ ...facts, operations: { create: { path: '/jobs' } } });
  });

  test.each<[string, unknown, string[]]>([
    [
      'an unknown setting',
      { extends: 'gateway', operations: { create: { fields: { seconds: { name: 'length', typ: 'integer' } } } } },
      ['operations.create.fields.seconds.typ: is not known here'],
    ],
    [
      'a wrong value in a list',
      { ...whole, models: [{ id: 'm1', seconds: [5, 'ten'] }] },
      ['models[0].seconds[1]: Invalid input: expected number, received string'],
    ],
    ['an unknown base', { extends: 'gatewy' }, ['extends: no forwarding dialect is called "gatewy"; there are openai']],
    ['a base of the other route', { extends: 'seed' }, ['extends: "seed" is a dialect of the reverse route']],
    ['the other route', { ...whole, route: 'reverse' }, ["route: its backend's route is forwarding; leave this out"]],
    ['no get', { extends: 'gateway', operations: { get: null } }, ['operations.get: the dialect inline has no get']],
    [
      'a default model that it does not have',
      { extends: 'gateway', defaults: { model: 'other' } },
      ['defaults.model: the default model of the dialect inline is not among its models'],
    ],
    ['nothing', {}, ['operations: ', 'defaults: ']],
    [
      'a word of its own for the id',
      look({ path: '/tasks/{task_id}' }),
      ['operations.get.path: {task_id} is not filled in here; write {id}'],
    ],
    [
      'an id before there is one',
      job({ path: '/v/{id}' }),
      ['operations.create.path: {id} is not filled in here; noth'],
    ],
    [
      'a shell’s way to write it',
      look({ path: '/t/$' + '{id}' }),
      ['operations.get.path: $' + '{id} is not filled in here'],
    ],
    ['the query in the path', look({ path: '/t?id={id}' }), ['operations.get.path: holds a ? or #: what follows a ?']],
    [
      'an id in a body that is not written',
      look({ method: 'POST', path: '/query', fields: { id: 'task_id' } }),
      [
        'operations.get.path: does not say which one is meant: write {id} here or in query; a body of it is not written',
      ],
    ],
    [
      'a list’s place in the query of a job',
      look({ query: { from: '{after}' } }),
      ['operations.get.query.from: {after} is not filled in here; write {id}'],
    ],
    [
      'a revision of nobody knows what',
      { ...whole, operations: { ...operations, remix: { method: 'POST', path: '/remix', fields: { prompt: 'p' } } } },
      ['operations.remix.path: does not say which one is meant: write {id} here or in query, or say in fields.id'],
    ],
    [
      'a create without a body',
      job({ method: 'GET' }),
      ['operations.create.method: what it says goes in a body: write'],
    ],
    [
      'an unknown word in a shape',
      job({ fields: { prompt: 'p', characters: { name: 'cast', as: [{ ref: '{character_id}' }] } } }),
      ['operations.create.fields.characters.as: {character_id} is not filled in here; write {id} or {name} or {value}'],
    ],
    [
      'an unknown word in a mention',
      { ...whole, maxCharacters: 1, mention: '@{character_id}' },
      ['mention: {character_id} is not filled in here; write {id} or {username} or {name}'],
    ],
    [
      'a mention of nobody',
      { ...whole, maxCharacters: 1, mention: '@luna' },
      ['mention: says of no character which one it is: write {id}'],
    ],
    [
      'a header that is none',
      { ...whole, auth: { scheme: 'header', header: 'X Bad' } },
      ['auth.header: is not the name of a header: write e.g. X-API-Key'],
    ],
    [
      'characters that no video takes',
      {
        ...whole,
        operations: { ...operations, createCharacter: { method: 'POST', path: '/c', fields: { name: 'n' } } },
      },
      ['maxCharacters: operations.createCharacter makes characters that no video could have: say how many'],
    ],
  ])('a dialect described in it with %s is refused at its place', async (_, dialect, expected) => {
    const found = await problems(withDialect(dialect));
    expect(found).toHaveLength(expected.length);
    expected.forEach((each, index) => {
      expect(found[index]).toContain(`backends[1].dialect.${each}`);
    });
  });

  test('without such a dialect nothing is asked about it', async () => {
    const never: DialectCheck = () => Promise.reject(new Error('it was asked'));
    await load({ ...withFile({ backends: [backend] }), dialectIssues: never });
    await load({ dialectIssues: never });
  });

  test.each<[string, object, boolean]>([
    ['changed parts', { operations: { create: { path: '/jobs', fields: { seconds: { type: 'integer' } } } } }, true],
    ['what is taken away', { operations: { remix: null, create: { constants: { model: null } } }, title: null }, true],
    ['lists and values', { answer: { file: ['url'] }, auth: { scheme: 'bare' }, limits: { minPollMs: 5 } }, true],
    ['an unknown setting', { maxCharacter: 2 }, false],
    ['an unknown operation', { operations: { make: { path: '/jobs' } } }, false],
    ['an unknown setting far inside', { operations: { create: { fields: { seconds: { typ: 'integer' } } } } }, false],
    ['a wrong value', { limits: { minPollMs: 'long' } }, false],
  ])('its JSON Schema knows what may be changed: %s', (_, changes, fine) => {
    expect(inlineDialectSchema(['openai']).safeParse({ extends: 'openai', ...changes }).success).toBe(fine);
  });

  test('its JSON Schema has both ways to describe a dialect', () => {
    const schema = JSON.parse(JSON.stringify(configFileJsonSchema(inlineDialectSchema(['openai', 'seed']))));
    const [named, described] = schema.properties.backends.items.properties.dialect.anyOf;
    expect(named).toEqual({ type: 'string' });
    const [changes, whole] = described.anyOf;
    expect(changes).toMatchObject({ required: ['extends'], properties: { extends: { enum: ['openai', 'seed'] } } });
    expect(changes.additionalProperties).toBe(false);
    expect(whole.required).toEqual(['operations', 'defaults']);
  });
});

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { definitionOf } from '../../src/backends/definition.ts';
import { inlineDialectIssues } from '../../src/backends/dialects/catalog.ts';
import { createBackend } from '../../src/backends/registry.ts';
import { loadConfig } from '../../src/config.ts';

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const blocks = [...README.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text]) => text ?? '');

const facts = { argv: [], platform: 'linux', home: '/home/ada', cwd: '/home/ada/film', now: Date.now() };

test('every JSON block is strict JSON', () => {
  expect(blocks.length).toBeGreaterThan(3);
  for (const block of blocks) expect(() => JSON.parse(block)).not.toThrow();
});

test('the dialect it describes is one that works', async () => {
  const text = blocks.find((block) => block.includes('"extends"'))!;
  const env = { SORA_CONFIG: 'config.json', STUDIO_KEY: 'sk-studio-key' };
  const loaded = await loadConfig({
    ...facts,
    env,
    file: { text },
    dialectIssues: async (document, route) => inlineDialectIssues(document, route),
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const [definition] = await definitionOf(loaded.config);
  const { profile } = createBackend(definition!);
  expect(definition!.dialect.operations.create).toMatchObject({
    path: '/jobs',
    fields: { seconds: { name: 'length', type: 'integer' } },
  });
  expect(profile).toMatchObject({ id: 'studio', defaultModel: 'studio-1', rates: [{ usd: 0.04, unit: 'second' }] });
});

test('the workspaces it shows are a configuration', async () => {
  const text = blocks.find((block) => block.includes('"workspaces"'))!;
  const env = { SORA_CONFIG: 'config.json', FILM_TOKEN: 'film-token-0123456789', ADS_TOKEN: 'ads-token-0123456789' };
  const loaded = await loadConfig({ ...facts, argv: ['http'], env, file: { text } });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  expect(loaded.config.workspaces.map(({ name }) => name)).toEqual(['film', 'ads']);
});

test('the table of the configuration names every variable that is read, and no other', () => {
  const sources = ['config-env.ts', 'config-values.ts', 'config.ts', 'config-file.ts'].map((name) =>
    readFileSync(new URL(`../../src/${name}`, import.meta.url), 'utf8'),
  );
  const read = new Set(sources.join('\n').match(/SORA_[A-Z_]+[A-Z]/g));
  const table = README.slice(README.indexOf('| variable | meaning |'), README.indexOf('`sora-mcp doctor` checks'));
  const told = new Set(table.match(/SORA_[A-Z_]+[A-Z]/g));
  expect([...told].sort()).toEqual([...read].sort());
});

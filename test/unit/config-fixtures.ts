import { expect } from 'vitest';
import { type Config, type ConfigFacts, describeProblems, loadConfig } from '../../src/config.ts';

export const KEY = 'sk-very-secret-0123456789';
/** What a client leaves in place when it does not know the variable. */
export const unfilled = (name: string) => `\${${name}}`;
export const TOKEN = 'token-0123456789abcdef';

export function facts(changes: Partial<ConfigFacts> = {}): ConfigFacts {
  const now = Date.parse('2026-11-22T00:00:00Z');
  return { argv: [], env: {}, platform: 'linux', home: '/home/me', cwd: '/home/me/film', now, ...changes };
}

export async function load(changes: Partial<ConfigFacts> = {}): Promise<Config> {
  const result = await loadConfig(facts(changes));
  if (!result.ok) throw new Error(describeProblems(result.problems));
  return result.config;
}

export async function problems(changes: Partial<ConfigFacts>): Promise<string[]> {
  const result = await loadConfig(facts(changes));
  expect(result.ok).toBe(false);
  return result.ok ? [] : result.problems.map(({ where, message }) => `${where}: ${message}`);
}

export const env = (values: Record<string, string>) => load({ env: values });
export const wrong = (values: Record<string, string>, argv: string[] = []) => problems({ env: values, argv });
export const withFile = (
  document: unknown,
  values: Record<string, string> = {},
  argv: string[] = [],
): Partial<ConfigFacts> => ({
  argv,
  env: { SORA_CONFIG: 'sora.json', ...values },
  file: { text: typeof document === 'string' ? document : JSON.stringify(document) },
});

/** The least that a backend in the file is. */
export const backend = { id: 'one', route: 'forwarding', dialect: 'openai', base_url: 'https://one.example/v1' };

import { seededName } from '../helpers/seed-store.ts';
import type { Driven } from './drive.ts';

/** A call that is measured where there is little and where there is much. */
export interface CallKind {
  readonly name: string;
  /** The most that the ratio may be; without one the cost is known to grow. */
  readonly goal?: number | undefined;
  readonly ask: (server: Driven) => Promise<unknown>;
}

const GOAL = 1.5;

function list(name: string, args: Record<string, unknown>): CallKind {
  return { name: `\`list_characters\`, ${name}`, goal: GOAL, ask: (server) => server.call('list_characters', args) };
}

/** Where two long lists never meet, all of the shorter one is walked. */
function apart(name: string, args: Record<string, unknown>): CallKind {
  return { ...list(name, args), goal: undefined };
}

function latest(name: string, args: Record<string, unknown>): CallKind {
  return { name: `\`get_task\` without id${name}`, goal: GOAL, ask: (server) => server.call('get_task', args) };
}

/** For nothing it is refused as too dear, after everybody in it was found and each backend priced; nothing is written. */
function refused(name: string, prompt: string): CallKind {
  const params = { name: 'generate_video', arguments: { prompt, max_cost_usd: 0 } };
  return { name: `\`generate_video\`, ${name}`, goal: GOAL, ask: (server) => server.ask('tools/call', params) };
}

function completion(name: string, value: string): CallKind {
  const params = {
    ref: { type: 'ref/resource', uri: 'sora://characters/{handle}' },
    argument: { name: 'handle', value },
  };
  return { name: `completion of a handle, ${name}`, ask: (server) => server.ask('completion/complete', params) };
}

/** So many match even among a hundred; with the limits the answers are of the same length. */
export const KINDS: readonly CallKind[] = [
  list('first page', {}),
  list('of one backend', { backend: 'reverse' }),
  list('`query` "coffee"', { query: 'coffee', limit: 5 }),
  list('`query` "offe"', { query: 'offe', limit: 5 }),
  list('`query` "co"', { query: 'co', limit: 5 }),
  list('`query` "coffee scarf"', { query: 'coffee scarf', limit: 1 }),
  list('`query` of no match', { query: 'zebra' }),
  list('`query` "redscarf", whose pieces are everywhere', { query: 'redscarf' }),
  list('`query` "robot" of one backend', { query: 'robot', backend: 'reverse', limit: 1 }),
  list('`query` "rain" of a backend where nobody is bound', { query: 'rain', backend: 'forwarding' }),
  latest('', {}),
  latest(', `status` failed', { status: 'failed', limit: 5 }),
  refused('one mentioned', `@${seededName(50).replaceAll(' ', '_')} walks`),
  refused('one mentioned whom nobody knows', '@nobody_at_all walks'),
  completion('"cof", which many begin with', 'cof'),
  completion('"rain", which stands in descriptions only', 'rain'),
  apart('`query` "scarf lantern", two common words that never meet', { query: 'scarf lantern' }),
  apart('`query` "red rain", two more', { query: 'red rain' }),
  apart('`query` "rain" of a backend where only others are bound', { query: 'rain', backend: 'reverse' }),
];

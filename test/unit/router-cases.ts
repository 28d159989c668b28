import { expect } from 'vitest';
import type { BackendProfile } from '../../src/domain/models.ts';
import { type Candidate, type RouteRequest, route } from '../../src/routing/router.ts';
import { character, FORWARDING, NOW, profile, REVERSE, SUBSTITUTE, up } from './router-fixtures.ts';

export const BOTH = [up(FORWARDING), up(REVERSE)];
export const WITH_SUBSTITUTE = [up(SUBSTITUTE), up(REVERSE)];
export const girl = character('coffee_girl', { reverse: 'ready' });
export const everywhere = character('everywhere', { reverse: 'ready', forwarding: 'ready' });
export const nowhere = character('nowhere');
export const engine = profile({ id: 'engine', models: [], rates: [], defaultModel: 'wan-2', defaultSize: undefined });
export const retiredModel = profile({
  id: 'old',
  models: [
    { id: 'sora-2', status: 'retired', retiredOn: '2026-09-24', replacement: 'sora-3', sizes: [], seconds: [] },
    { id: 'sora-3', status: 'active', sizes: [], seconds: [] },
  ],
});
const sizing = (id: string, how: 'shape' | 'none'): BackendProfile => ({
  ...REVERSE,
  id,
  capabilities: { ...REVERSE.capabilities, sizing: how },
});
export const shapely = sizing('shapely', 'shape');
export const sizeless = sizing('sizeless', 'none');

export interface Chosen {
  /** Ids in order of preference. */
  readonly order: readonly string[];
  readonly first?: Readonly<Record<string, unknown>>;
  /** Each must stand in one of the first choice's reasons. */
  readonly says?: readonly RegExp[];
  readonly notSays?: RegExp;
  readonly refused?: readonly string[];
}

export type Choice = readonly [string, RouteRequest, readonly Candidate[], Chosen];

export function expectChosen(request: RouteRequest, candidates: readonly Candidate[], expected: Chosen): void {
  const decision = route(request, candidates, NOW);
  const [first] = decision.choices;
  expect(decision.choices.map((each) => each.backend)).toEqual(expected.order);
  if (expected.first) expect(first).toMatchObject(expected.first);
  for (const words of expected.says ?? []) expect(first!.reasons).toContainEqual(expect.stringMatching(words));
  if (expected.notSays) expect(first!.reasons.join(' ')).not.toMatch(expected.notSays);
  if (expected.refused) expect(decision.refused.map((each) => each.backend)).toEqual(expected.refused);
  for (const choice of decision.choices) {
    expect(choice.reasons.length).toBeGreaterThan(0);
    for (const reason of choice.reasons) expect(reason).toMatch(/^[A-Za-z@\d][^\n]*\.$/);
  }
}

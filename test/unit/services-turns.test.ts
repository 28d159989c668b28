import { describe, expect, test } from 'vitest';
import { SoraError } from '../../src/domain/errors.ts';
import { FULL, isWaiting, turnAway } from '../../src/services/turns.ts';
import { aTask } from '../helpers/fake-services.ts';

function limited(retryAfterSeconds?: number, status: number | undefined = 429): SoraError {
  return new SoraError({
    code: 'rate_limited',
    message: 'too many',
    retryable: true,
    retryAfterSeconds,
    details: status === undefined ? undefined : { status },
  });
}

const down = new SoraError({ code: 'backend_unavailable', message: 'refused', retryable: true });

describe('a task that was turned away', () => {
  test('waits as long as the upstream says, and ever longer where it goes on saying so', () => {
    const waits = [0, 1, 2, 3, 5, 8, 20].map(
      (pollFailures) => turnAway(aTask({ pollFailures }), limited(1), false)?.ms,
    );
    expect(waits.slice(0, 3)).toEqual([1_000, 1_000, 1_000]);
    for (const [index, even] of [20_000, 80_000, 300_000, 300_000].entries()) {
      expect(waits[index + 3]).toBeGreaterThanOrEqual(even * 0.75);
      expect(waits[index + 3]).toBeLessThanOrEqual(even * 1.25);
    }
    expect(turnAway(aTask(), limited(90), false)).toMatchObject({ ms: 90_000, refusals: 1 });
    expect(turnAway(aTask({ pollFailures: 9 }), limited(1_800), false)?.ms).toBe(1_800_000);
    expect(turnAway(aTask(), limited(86_400), false)?.ms).toBe(3_600_000);
    const alone = ['task_a', 'task_b', 'task_c', 'task_d'].map((id) => turnAway(aTask({ id }), limited(), false)?.ms);
    // Those that were turned away together do not come back together.
    expect(new Set(alone).size).toBe(4);
  });

  test('is given up only after hours', () => {
    let total = 0;
    let pollFailures = 0;
    for (
      let wait = turnAway(aTask(), limited(), false);
      wait;
      wait = turnAway(aTask({ pollFailures }), limited(), false)
    ) {
      total += wait.ms;
      pollFailures = wait.refusals!;
    }
    expect(pollFailures).toBe(40);
    expect(total).toBeGreaterThan(2 * 3_600_000);
  });

  test('a limit of our own counts nothing, and neither does a full backend', () => {
    const ours = new SoraError({ code: 'rate_limited', message: 'ours', retryable: true, retryAfterSeconds: 3 });
    expect(turnAway(aTask({ pollFailures: 40 }), ours, false)).toMatchObject({ ms: 3_000, refusals: 40 });
    expect(FULL.refusals).toBeUndefined();
    expect(isWaiting(`waiting: ${FULL.why}`)).toBe(true);
  });

  test('a backend that is down is waited for only where nobody waits for the answer', () => {
    expect(turnAway(aTask(), down, false)).toBeUndefined();
    expect(turnAway(aTask(), down, true)).toMatchObject({ from: 'submitting', refusals: 1 });
    const refused = new SoraError({ code: 'moderation_blocked', message: 'no' });
    expect(turnAway(aTask(), refused, true)).toBeUndefined();
  });
});

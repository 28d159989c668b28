import { describe, expect, test } from 'vitest';
import { decodeCursor, encodeCursor } from '../../src/store/cursor.ts';

/** A small generator with a seed, so that a failure can be run again. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
}

const bad = expect.objectContaining({ code: 'invalid_argument', field: 'cursor' });

describe('a cursor', () => {
  test('comes back as the position it was made of', () => {
    for (const seq of [1, 2, 35, 36, 1_000_000, Number.MAX_SAFE_INTEGER]) {
      expect(decodeCursor('tasks', encodeCursor('tasks', seq))).toBe(seq);
    }
    expect(decodeCursor('tasks', undefined)).toBe(Number.MAX_SAFE_INTEGER);
  });

  test.each(['', 'x', '0', '-1', 'dDA', 'null', 'YzE=', ' YzE', 'YzE\n', "' or 1=1", '🤖', 'A'.repeat(10_000)])(
    '%j is refused',
    (text) => {
      expect(() => decodeCursor('characters', text)).toThrow(bad);
    },
  );

  test('of another list is refused', () => {
    expect(() => decodeCursor('characters', encodeCursor('tasks', 5))).toThrow(bad);
  });

  test('is what we gave or is refused, whatever is sent', () => {
    const next = random(7);
    for (let n = 0; n < 20_000; n++) {
      const made = [...encodeCursor('characters', Math.ceil(next() * 1e9))];
      for (let edits = Math.ceil(next() * 3); edits > 0; edits--) {
        const at = Math.floor(next() * made.length);
        made.splice(
          at,
          Math.floor(next() * 2),
          String.fromCharCode(Math.floor(next() * (next() < 0.9 ? 128 : 65_536))),
        );
      }
      const text = made.join('');
      try {
        expect(encodeCursor('characters', decodeCursor('characters', text))).toBe(text);
      } catch (error) {
        expect(error).toEqual(bad);
      }
    }
  });
});

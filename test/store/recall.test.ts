import { describe, expect, test } from 'vitest';
import { openStore } from '../../src/store/store.ts';
import { tempDir } from '../helpers/server.ts';

function character(id: string) {
  const source = { kind: 'video_url', url: 'https://example.com/a.mp4' } as const;
  return { id, workspace: 'local', handle: id, name: id, description: '', source, createdAt: 1, updatedAt: 1 };
}

describe('recall', () => {
  test('reads once while nothing changes, and anew after a change of this or another connection', () => {
    const dataDir = tempDir();
    const [one, two] = [openStore({ dataDir, clock: Date.now }), openStore({ dataDir, clock: Date.now })];
    let reads = 0;
    const look = () =>
      one.recall.get('count', () => {
        reads++;
        return one.characters.count('local');
      });
    expect([look(), look(), reads]).toEqual([0, 0, 1]);
    one.characters.insert(character('ann'));
    expect([look(), look(), reads]).toEqual([1, 1, 2]);
    two.characters.insert(character('bob'));
    expect([look(), look(), reads]).toEqual([2, 2, 3]);
    two.characters.update('local', 'bob', { description: 'tall' });
    look();
    expect(reads).toBe(4);
    one.close();
    two.close();
  });

  test('keeps no failure, and keys apart', () => {
    const store = openStore({ dataDir: tempDir(), clock: Date.now });
    expect(() =>
      store.recall.get('a', () => {
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(store.recall.get('a', () => 1)).toBe(1);
    expect(store.recall.get('b', () => 2)).toBe(2);
    expect(store.recall.get('a', () => 3)).toBe(1);
    store.close();
  });
});

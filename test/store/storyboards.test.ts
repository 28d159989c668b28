import { expect, test } from 'vitest';
import { microUsd } from '../../src/domain/money.ts';
import type { StoredScene, StoredStoryboard } from '../../src/store/storyboards.ts';
import { handClock, NOON, tempDir, tempStore } from './fixtures.ts';

const SCENES: readonly StoredScene[] = [
  {
    id: 's1',
    prompt: 'a fox',
    characters: ['chr_1'],
    duration: 4,
    size: '1280x720',
    taskId: 't1',
    fingerprint: 'f',
    state: { tries: 1 },
  },
  { id: 's2', prompt: 'a hen', characters: [] },
];

function board(facts: Partial<StoredStoryboard> = {}): StoredStoryboard {
  return {
    id: 'sb_1',
    workspace: 'local',
    title: 'Fox and hen',
    characters: ['chr_1'],
    partial: false,
    filmState: 'none',
    scenes: SCENES,
    createdAt: NOON,
    updatedAt: NOON,
    ...facts,
  };
}

test('a storyboard is kept with its scenes in order, in its workspace', () => {
  const dataDir = tempDir();
  const { storyboards } = tempStore({ dataDir });
  const full = board({
    style: 'noir',
    priority: 'cost',
    maxCost: microUsd(9),
    partial: true,
    filmError: 'x',
    filmPath: '/f.mp4',
  });
  storyboards.insert(full);
  storyboards.insert(board({ id: 'sb_2', scenes: [] }));
  expect(tempStore({ dataDir }).storyboards.get('local', 'sb_1')).toEqual(full);
  expect(storyboards.get('local', 'sb_2')).toEqual(board({ id: 'sb_2', scenes: [] }));
  expect(storyboards.get('other', 'sb_1')).toBeUndefined();
  expect(storyboards.idOfTask('t1')).toBe('sb_1');
});

test('scenes are changed, replaced and reordered', () => {
  const clock = handClock();
  const { storyboards } = tempStore({ clock: clock.read });
  storyboards.insert(board());
  clock.now += 5;
  storyboards.updateScene('s2', { taskId: 't2', duration: 8 });
  storyboards.updateScene('s1', { state: undefined });
  const { state: _, ...first } = SCENES[0]!;
  expect(storyboards.get('local', 'sb_1')).toMatchObject({ updatedAt: NOON + 5 });
  expect(storyboards.get('local', 'sb_1')?.scenes).toEqual([first, { ...SCENES[1], taskId: 't2', duration: 8 }]);
  storyboards.replaceScenes('sb_1', [SCENES[1]!, { id: 's3', prompt: 'both', characters: [] }]);
  expect(storyboards.get('local', 'sb_1')?.scenes.map((scene) => scene.id)).toEqual(['s2', 's3']);
  storyboards.updateStoryboard('sb_1', { filmState: 'joined', filmPath: '/f.mp4', style: undefined });
  expect(storyboards.get('local', 'sb_1')).toMatchObject({
    filmState: 'joined',
    filmPath: '/f.mp4',
    title: 'Fox and hen',
  });
});

test('storyboards are paged newest first', () => {
  const { storyboards } = tempStore();
  for (let n = 0; n < 3; n++) storyboards.insert(board({ id: `sb_${n}`, scenes: [] }));
  const first = storyboards.page({ workspace: 'local', limit: 2 });
  expect(first.items.map((each) => each.id)).toEqual(['sb_2', 'sb_1']);
  expect(
    storyboards.page({ workspace: 'local', limit: 2, cursor: first.nextCursor }).items.map((each) => each.id),
  ).toEqual(['sb_0']);
});

test('what was learned about a backend is set, replaced and cleared', () => {
  const { observations } = tempStore();
  const gone = { backend: 'a', subject: 'sora-2', status: 'gone', until: NOON + 9, note: '404', observedAt: NOON };
  observations.set({ ...gone, status: 'deprecated' });
  observations.set(gone);
  observations.set({ backend: 'a', subject: '*', status: 'sunset', observedAt: NOON });
  expect(observations.of('a')).toEqual([{ backend: 'a', subject: '*', status: 'sunset', observedAt: NOON }, gone]);
  expect(observations.of('b')).toEqual([]);
  observations.clear('a', 'sora-2');
  expect(observations.of('a').map((each) => each.subject)).toEqual(['*']);
});

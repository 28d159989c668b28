import { expect, test } from 'vitest';
import type { Change } from '../../src/services/services.ts';
import { eventually, startApp } from '../helpers/app.ts';

test('a server hears of what another one on the same data directory makes, once, and not of old things', async () => {
  const first = await startApp();
  const old = await first.make('a fox', { backend: 'reverse' });
  await first.reaches(old.task.id, 'completed');
  const second = await startApp({ dataDir: first.dataDir, sandbox: first.sandbox });
  const heard: Change[] = [];
  second.services.onChange((change) => void heard.push(change));
  const character = await first.services.characters.create({
    name: 'Coffee Girl',
    videoUrl: 'https://cdn.example/girl.mp4',
    backend: 'reverse',
    rightsConfirmed: true,
  });
  const catalog = { kind: 'catalog', handle: character.handle, listChanged: true };
  await eventually(() => heard.some((change) => change.kind === 'catalog'));
  expect(heard).toContainEqual(catalog);
  const { task } = await first.make('a hen', { backend: 'reverse' });
  await eventually(() => heard.some((change) => change.kind === 'task' && change.taskId === task.id));
  await first.reaches(task.id, 'completed');
  expect(heard.filter((change) => change.kind === 'catalog' && change.listChanged)).toEqual([catalog]);
  expect(heard.some((change) => change.kind === 'task' && change.taskId === old.task.id)).toBe(false);
});

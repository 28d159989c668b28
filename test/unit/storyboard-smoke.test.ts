import { expect, test } from 'vitest';
import { openStudio } from '../helpers/studio.ts';

test('three scenes become a film', async () => {
  const studio = await openStudio();
  const report = await studio.storyboards.make({
    title: 'The Harbour',
    scenes: [{ prompt: 'a boat', duration: 4 }, { prompt: 'a gull', duration: 4, size: '1280x720' }, { prompt: 'a rope', duration: 4 }],
    priority: 'stability',
  });
  console.error(JSON.stringify(report, null, 1).slice(0, 3000));
  const done = await studio.settle(report.id!);
  console.error(studio.logged, done.status, done.filmPath, done.filmError);
  expect(done.status).toBe('completed');
});

import { expect, test } from 'vitest';
import { delayToNextPoll } from '../../src/services/poll-schedule.ts';
import { openStudio } from '../helpers/studio.ts';
import { aTask } from '../store/fixtures.ts';

test('in a burst the jobs that ended are the short ones, and do not have the others polled as if overdue', async () => {
  const { core } = await openStudio();
  const { tasks } = core.store;
  const now = core.clock();
  // No backend of this process, so that its own tracker keeps away.
  const here = { backend: 'elsewhere', submittedAt: now - 45_000 };
  const task = tasks.insert(aTask({ ...here, state: 'in_progress', remoteId: 'job' }));
  core.store.transaction(() => {
    for (let i = 0; i < 50; i++) {
      const completedAt = here.submittedAt + 30_000 + 500 * i;
      tasks.insert(aTask({ ...here, state: 'completed', saveState: 'saved', completedAt }));
    }
  });
  const known = delayToNextPoll(core, task, now, {});
  core.store.transaction(() => {
    for (let i = 0; i < 400; i++) tasks.insert(aTask({ ...here, state: 'in_progress', remoteId: `job_${i}` }));
  });
  expect(delayToNextPoll(core, task, now, {})).toBeGreaterThan(1.5 * known);
});

import { expect, test } from 'vitest';
import { applyRemote } from '../../src/services/apply.ts';
import { openStudio } from '../helpers/studio.ts';
import { aTask } from '../store/fixtures.ts';

test('a late answer about a finished job leaves it to whoever is saving it', async () => {
  const { core } = await openStudio();
  const { tasks } = core.store;
  // No backend of this process, so that its own tracker keeps away.
  const task = tasks.insert(aTask({ state: 'queued', backend: 'elsewhere', remoteId: 'job_1', nextPollAt: 1 }));
  const done = { remoteId: 'job_1', state: 'completed' } as const;
  applyRemote(core, task, done, 'list');
  const claim = { owner: 'another process', now: core.clock(), leaseMs: 60_000, limit: 1, backends: ['elsewhere'] };
  expect(tasks.claimDue(claim).map(({ id }) => id)).toEqual([task.id]);
  applyRemote(core, task, done, 'get');
  expect(tasks.byId(task.id)).toMatchObject({ state: 'completed', leaseOwner: 'another process' });
});

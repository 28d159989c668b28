import { expect, test } from 'vitest';
import { applyRemote } from '../../src/services/apply.ts';
import { hold } from '../../src/services/money.ts';
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

test('news of a job that the task had before is not news of its job', async () => {
  const { core } = await openStudio();
  const { tasks } = core.store;
  const task = tasks.insert(aTask({ state: 'queued', backend: 'elsewhere', remoteId: 'job_1', nextPollAt: 1 }));
  tasks.update(task.id, { remoteId: 'job_2' });
  applyRemote(core, task, { remoteId: 'job_1', state: 'completed' }, 'get');
  expect(tasks.byId(task.id)).toMatchObject({ state: 'queued', remoteId: 'job_2' });
});

test.each([
  ['as long as was asked', 4, 400_000],
  ['shorter', 2, 200_000],
  ['longer than anybody asked for', 4_000, 400_000],
])('a clip that is told to be %s costs no more than was agreed to', async (_, seconds, spent) => {
  const { core } = await openStudio();
  const { tasks, ledger } = core.store;
  const backend = core.backends.get('forwarding')!;
  const elsewhere = { ...core, backends: new Map([['elsewhere', backend]]) };
  const task = tasks.insert(aTask({ state: 'queued', backend: 'elsewhere', remoteId: 'job_1', nextPollAt: 1 }));
  hold(elsewhere, task, { backend: 'elsewhere', quote: task.quoted });
  applyRemote(elsewhere, task, { remoteId: 'job_1', state: 'completed', seconds }, 'get');
  expect(tasks.byId(task.id)).toMatchObject({ charged: 'yes', spent });
  expect(ledger.summary('local', core.clock())).toMatchObject({ day: { used: spent }, reserved: 0 });
});

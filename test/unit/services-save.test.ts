import { expect, test } from 'vitest';
import { SoraError } from '../../src/domain/errors.ts';
import type { Task } from '../../src/domain/task.ts';
import { markExpired, markSaved, noteFailure } from '../../src/services/save-outcome.ts';
import { openStudio, type Studio } from '../helpers/studio.ts';
import { aTask } from '../store/fixtures.ts';

const gone = new SoraError({ code: 'not_found', message: 'video not found' });
const cut = new SoraError({ code: 'download_failed', message: 'broke off' });
const file = { path: '/videos/a.mp4', bytes: 9 };

/** A save that this process is at. No backend of its own, so that the studio's tracker keeps away. */
function saving(core: Studio['core'], facts: Partial<Task> = {}): Task {
  const base = { state: 'completed', saveState: 'pending', backend: 'elsewhere', remoteId: 'job_1' } as const;
  return core.store.tasks.insert(aTask({ ...base, ...core.leases.columns(), ...facts }));
}

test('a process that lost its lease writes nothing over what another one saved', async () => {
  const { core } = await openStudio();
  const { tasks } = core.store;
  const task = saving(core, { pollFailures: 9 });
  const saved = { saveState: 'saved', filePath: file.path } as const;
  for (const lease of [{ leaseOwner: undefined, leaseUntil: undefined }, core.leases.columns()]) {
    tasks.update(task.id, { ...saved, ...lease });
    for (const error of [gone, cut]) await noteFailure(core, task, error);
    expect(tasks.byId(task.id)).toMatchObject({ state: 'completed', saveAttempts: 0, ...saved });
  }
  await markExpired(core, task);
  await markSaved(core, task, { path: '/videos/b.mp4', bytes: 1 });
  expect(tasks.byId(task.id)).toMatchObject({ state: 'completed', ...saved });
});

test('nor over what another one is at; but a file that is there counts', async () => {
  const { core } = await openStudio();
  const { tasks } = core.store;
  const task = saving(core, { pollFailures: 9 });
  const theirs = { leaseOwner: 'another process', leaseUntil: core.clock() + 60_000 };
  tasks.update(task.id, theirs);
  for (const error of [gone, cut]) await noteFailure(core, task, error);
  await markExpired(core, task);
  expect(tasks.byId(task.id)).toMatchObject({ state: 'completed', saveState: 'pending', saveAttempts: 0, ...theirs });
  await markSaved(core, task, file);
  expect(tasks.byId(task.id)).toMatchObject({ state: 'completed', saveState: 'saved', filePath: file.path });
});

test('a video is given up when its upstream has it no more five times in a row, and at no other trouble', async () => {
  const { core } = await openStudio();
  const { tasks } = core.store;
  const { id } = saving(core);
  const failWith = async (error: SoraError) => {
    tasks.update(id, core.leases.columns());
    await noteFailure(core, tasks.byId(id)!, error);
    return tasks.byId(id)!;
  };
  for (const error of [gone, gone, gone, gone, cut, gone, gone, gone]) {
    expect(await failWith(error)).toMatchObject({ state: 'completed', saveState: 'pending' });
  }
  await failWith(new SoraError({ code: 'link_expired', message: 'its bytes are gone' }));
  expect(await failWith(gone)).toMatchObject({
    state: 'expired',
    saveState: 'failed',
    error: { code: 'link_expired' },
  });
});

test('what nobody says is gone is never given up', async () => {
  const { core } = await openStudio();
  const task = saving(core, { saveAttempts: 400 });
  await noteFailure(core, task, cut);
  expect(core.store.tasks.byId(task.id)).toMatchObject({
    saveState: 'pending',
    saveAttempts: 401,
    nextPollAt: core.clock() + 3_600_000,
  });
});

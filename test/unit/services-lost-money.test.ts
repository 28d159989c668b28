import { expect, test } from 'vitest';
import { fromUsd } from '../../src/domain/money.ts';
import { bookLost } from '../../src/services/lost-money.ts';
import { hold, holdAgain } from '../../src/services/money.ts';
import { openStudio } from '../helpers/studio.ts';
import { aCharacter, aTask } from '../store/fixtures.ts';

const HOUR = 60 * 60_000;

/** A studio with a task and a character of a backend that is not configured, whose creates got no answer. */
async function withLost() {
  const { core, sandbox } = await openStudio();
  const { tasks, bindings, characters, ledger } = core.store;
  const now = core.clock();
  const task = tasks.insert(aTask({ backend: 'old', state: 'unknown', createdAt: now - 20 * HOUR, submittedAt: now }));
  hold(core, task, { backend: 'old', quote: task.quoted });
  const character = characters.insert(aCharacter());
  const quoted = fromUsd(0.01);
  const intent = { id: 'bind_1', workspace: 'local', backend: 'old', route: 'reverse', quoted } as const;
  bindings.insertIntent({ ...intent, characterId: character.id, sendKey: 'send_1' });
  hold(core, { ...intent, what: 'character' }, { backend: 'old', quote: quoted });
  bindings.settle('bind_1', { state: 'unknown', error: 'lost' });
  return { core, clock: sandbox.clock, tasks, bindings, ledger, task, intent, both: task.quoted! + quoted };
}

test('money of lost creates is held for a day, and then spent on one', async () => {
  const { core, clock, tasks, ledger, task, both } = await withLost();
  const summary = () => ledger.summary('local', core.clock());
  clock.advance(23 * HOUR);
  await bookLost(core);
  expect(summary()).toMatchObject({ day: { used: both }, reserved: both });
  clock.advance(2 * HOUR);
  await bookLost(core);
  await bookLost(core);
  expect(summary()).toMatchObject({ day: { used: both }, reserved: 0 });
  expect(tasks.byId(task.id)).toMatchObject({ state: 'unknown', spent: task.quoted });
  expect(ledger.entries('bind_1').map(({ kind }) => kind)).toEqual(['reserve', 'settle']);
  clock.advance(24 * HOUR);
  expect(summary()).toMatchObject({ day: { used: 0 }, month: { used: both } });
});

test('what goes on, was told, or was held only now is left alone', async () => {
  const { core, clock, tasks, bindings, ledger, task, intent, both } = await withLost();
  tasks.move(task.id, { from: 'unknown', to: 'in_progress', patch: { remoteId: 'job_1' } });
  bindings.settle('bind_1', { state: 'failed', error: 'no' });
  clock.advance(25 * HOUR);
  await bookLost(core);
  expect(ledger.summary('local', core.clock()).reserved).toBe(both);
  ledger.release('bind_1', core.clock());
  bindings.settle('bind_1', { state: 'submitting', remoteTaskId: 'task_1', nextCheckAt: core.clock() });
  holdAgain(core, { ...intent, what: 'character' });
  await bookLost(core);
  expect(ledger.held('bind_1')).toBe(intent.quoted);
});

import { beforeEach, describe, expect, test } from 'vitest';
import type { RemoteVideo } from '../../src/backends/backend.ts';
import { SoraError } from '../../src/domain/errors.ts';
import type { Task } from '../../src/domain/task.ts';
import { bindRemote } from '../../src/services/apply.ts';
import { bind, markRefused, markUnknown } from '../../src/services/create-outcome.ts';
import { failOver } from '../../src/services/fail-over.ts';
import { bookLost } from '../../src/services/lost-money.ts';
import { hold } from '../../src/services/money.ts';
import type { Plan } from '../../src/services/plan.ts';
import { reconcile } from '../../src/services/reconcile.ts';
import { waitForTurn } from '../../src/services/turns.ts';
import { openStudio, type Studio } from '../helpers/studio.ts';
import { aTask } from '../store/fixtures.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let studio: Studio;
let core: Studio['core'];
/** The upstream's jobs in the order in which it lists them, `pageSize` at a time. */
let listed: RemoteVideo[];
let lists = 0;
let task: Task;

beforeEach(async () => {
  studio = await openStudio();
  const real = studio.core.backends.get('forwarding')!;
  const models = [
    { id: 'sora-2', status: 'active', sizes: ['720x1280', '1280x720'], seconds: [4, 8] },
    { id: 'sora-2-pro', status: 'active', sizes: ['720x1280'], seconds: [4, 8] },
  ] as const;
  lists = 0;
  const lister = {
    ...real,
    profile: { ...real.profile, id: 'lister', models },
    async listVideos({ after, limit }: { after?: string; limit: number }) {
      lists += 1;
      const from = listed.findIndex(({ remoteId }) => remoteId === after) + 1;
      const videos = listed.slice(from, from + limit);
      return { videos, ...(listed.length > from + limit && { after: videos.at(-1)!.remoteId }) };
    },
  };
  // The studio's own tracker keeps to the backends that it was opened with.
  core = { ...studio.core, backends: new Map([['lister', lister]]) };
  listed = [];
  task = lost();
});

function lost(facts: Partial<Task> = {}): Task {
  const made = core.store.tasks.insert(
    aTask({
      backend: 'lister',
      state: 'unknown',
      charged: 'unknown',
      size: '720x1280',
      submittedAt: core.clock(),
      createdAt: core.clock(),
      ...facts,
    }),
  );
  hold(core, made, { backend: 'lister', quote: made.quoted });
  return made;
}

function job(facts: Partial<RemoteVideo> = {}): RemoteVideo {
  return {
    remoteId: 'job_1',
    state: 'in_progress',
    prompt: task.sentPrompt,
    model: 'sora-2',
    size: '720x1280',
    seconds: 4,
    createdAt: core.clock() + 1_000,
    ...facts,
  };
}

function olds(count: number): RemoteVideo[] {
  return Array.from({ length: count }, (_, n) =>
    job({ remoteId: `old_${n}`, prompt: `old ${n}`, createdAt: core.clock() - DAY + n * 1_000 }),
  );
}

/** One look, by a process that leased the task for it. */
async function look(): Promise<Task> {
  core.store.tasks.update(task.id, core.leases.columns());
  await reconcile(core, core.store.tasks.byId(task.id)!);
  return core.store.tasks.byId(task.id)!;
}

/** Looks until far beyond all patience. */
async function lookForLong(): Promise<Task> {
  await look();
  studio.sandbox.clock.advance(60 * MINUTE);
  return await look();
}

describe('a list', () => {
  test('that ascends, whatever is asked for, is read to its end', async () => {
    listed = [...olds(150), job()];
    expect(await look()).toMatchObject({ state: 'in_progress', remoteId: 'job_1' });
  });

  test('that ascends and is too long to be read to its end tells nothing', async () => {
    listed = olds(1_500);
    expect(await lookForLong()).toMatchObject({
      state: 'unknown',
      error: { message: expect.stringMatching(/does not tell enough/) },
    });
  });

  test('of jobs of one moment shows no order', async () => {
    const now = core.clock() - DAY;
    listed = [...olds(150).map((each) => ({ ...each, createdAt: now })), job()];
    expect(await look()).toMatchObject({ remoteId: 'job_1' });
  });

  test('with the newest first is read only as far back as need be', async () => {
    listed = [job({ remoteId: 'other', prompt: 'other' }), ...olds(1_500).reverse()];
    await look();
    expect(lists).toBe(1);
    expect(await lookForLong()).toMatchObject({ state: 'failed', charged: 'no' });
  });

  test('that tells a job twice tells of one job', async () => {
    listed = [job(), ...olds(98).reverse(), job(), job({ remoteId: 'last', prompt: 'last' })];
    expect(await look()).toMatchObject({ remoteId: 'job_1' });
  });
});

describe('a job that is told a little differently', () => {
  test.each([
    ['its model by another name', { model: 'openai/sora-2' }],
    ['its size by another name', { size: '720p' }],
    ['another length than there is', { seconds: 5 }],
    ['its prompt cut short', { prompt: 'A fox in…' }],
    ['its prompt with more behind it', { prompt: 'a fox in the snow, cinematic' }],
    ['no prompt', { prompt: undefined }],
  ])('%s: it may be the lost one, so nobody knows', async (_, facts) => {
    listed = [job(facts)];
    const kept = await lookForLong();
    expect(kept).toMatchObject({
      state: 'unknown',
      charged: 'unknown',
      error: { message: expect.stringMatching(/may be it/) },
    });
    expect(kept.remoteId).toBeUndefined();
    // One that fits without a doubt is it.
    listed = [job({ remoteId: 'job_2', createdAt: task.submittedAt! }), job(facts)];
    expect(await look()).toMatchObject({ state: 'in_progress', remoteId: 'job_2' });
  });

  test.each([
    ['another model of its backend', { model: 'sora-2-pro' }],
    ['another size', { size: '1280x720' }],
    ['another length', { seconds: 8 }],
    ['another prompt', { prompt: 'a hen in the snow' }],
    ['a remix', { remixedFrom: 'job_0' }],
  ])('%s: it is another job', async (_, facts) => {
    listed = [job(facts)];
    expect(await lookForLong()).toMatchObject({ state: 'failed', charged: 'no' });
  });

  test('it is no riddle when a task has it', async () => {
    listed = [job({ size: '720p' })];
    core.store.tasks.insert(aTask({ backend: 'lister', state: 'in_progress', remoteId: 'job_1' }));
    expect(await lookForLong()).toMatchObject({ state: 'failed' });
  });
});

describe('"never taken"', () => {
  test('takes minutes of looking in one process, wherever the clock on the wall jumps', async () => {
    let uptime = 0;
    const { Vigils } = await import('../../src/services/vigils.ts');
    core = { ...core, vigils: new Vigils(() => uptime) };
    for (let n = 0; n < 5; n++) {
      studio.sandbox.clock.advance(DAY);
      uptime += 90_000;
      const { state, nextPollAt } = await look();
      expect(state).toBe('unknown');
      expect(nextPollAt! - core.clock()).toBeLessThanOrEqual(8 * MINUTE);
    }
    uptime += 120_000;
    expect(await look()).toMatchObject({ state: 'failed', charged: 'no', error: { retryable: true } });
    expect(core.store.ledger.held(task.id)).toBeUndefined();
  });

  test('is not said by a process whose lease lapsed', async () => {
    await look();
    studio.sandbox.clock.advance(60 * MINUTE);
    core.store.tasks.update(task.id, { leaseOwner: 'another process', leaseUntil: core.clock() + MINUTE });
    await reconcile(core, core.store.tasks.byId(task.id)!);
    expect(core.store.tasks.byId(task.id)).toMatchObject({ state: 'unknown', leaseOwner: 'another process' });
  });

  test('takes back what was settled meanwhile', async () => {
    listed = [job({ size: '720p' })];
    await look();
    studio.sandbox.clock.advance(25 * 60 * MINUTE);
    await bookLost(core);
    expect(await look()).toMatchObject({ state: 'unknown', spent: 400_000 });
    const { ledger } = core.store;
    expect(ledger.summary('local', core.clock())).toMatchObject({ day: { used: 400_000 }, reserved: 0 });
    studio.sandbox.clock.advance(DAY);
    listed = [];
    const failed = await lookForLong();
    expect(failed).toMatchObject({ state: 'failed', charged: 'no' });
    expect(failed.spent).toBeUndefined();
    expect(ledger.entries(task.id).map(({ kind }) => kind)).toEqual(['reserve', 'settle', 'release']);
    expect(ledger.summary('local', core.clock())).toMatchObject({ month: { used: 0 } });
    expect(ledger.rows('local', '2020-01-01')).toEqual([]);
  });

  test('so does the failure of a job that is found late', async () => {
    listed = [job({ size: '720p' })];
    studio.sandbox.clock.advance(25 * 60 * MINUTE);
    await bookLost(core);
    expect(await look()).toMatchObject({ spent: 400_000 });
    listed = [job({ state: 'failed', createdAt: task.submittedAt! })];
    const failed = await look();
    expect(failed).toMatchObject({ state: 'failed', charged: 'no' });
    expect(failed.spent).toBeUndefined();
    expect(core.store.ledger.summary('local', core.clock())).toMatchObject({ month: { used: 0 } });
  });
});

describe('a late answer to a create', () => {
  const answer = { remoteId: 'job_late', state: 'queued' } as const;
  const jobOf = (id: string) => core.store.tasks.byId(id)?.remoteId;

  test('counts though its task was given up, and though it waits to be sent anew', async () => {
    for (const state of ['unknown', 'failed', 'reserved'] as const) {
      const given = lost();
      if (state !== 'unknown') core.store.tasks.move(given.id, { from: 'unknown', to: 'failed' });
      if (state === 'reserved') {
        core.store.tasks.move(given.id, { from: 'failed', to: state, patch: { submittedAt: undefined } });
      }
      const remoteId = `job_${state}`;
      expect(await bind(core, given, { ...answer, remoteId })).toMatchObject({
        id: given.id,
        state: 'queued',
        remoteId,
      });
      expect(core.store.ledger.held(given.id)).toBe(400_000);
    }
  });

  test.each([
    ['has got another job', { state: 'queued', remoteId: 'job_1' }],
    ['is being sent anew', { state: 'submitting' }],
  ] as const)('becomes a task of its own when the first one %s meanwhile', async (_, facts) => {
    const { tasks, ledger } = core.store;
    const resent = lost({ ...facts, idempotencyKey: 'k', submittedAt: core.clock() + 9 });
    const kept = await bind(
      core,
      { ...resent, submittedAt: core.clock(), remoteId: undefined, state: 'submitting' },
      answer,
    );
    expect(kept).toMatchObject({
      state: 'queued',
      remoteId: 'job_late',
      reasons: expect.arrayContaining([expect.stringMatching(/late answer/)]),
    });
    expect(kept.id).not.toBe(resent.id);
    expect(tasks.byId(resent.id)).toMatchObject(facts);
    expect(tasks.byIdempotencyKey('local', 'k')?.id).toBe(resent.id);
    expect([ledger.held(resent.id), ledger.held(kept.id)]).toEqual([400_000, 400_000]);
    expect(bindRemote(core, resent, answer, 'create')).toBe('taken');
  });

  test('that it was refused, or lost, says nothing of a later send', async () => {
    const resent = lost({ state: 'submitting', charged: 'no', submittedAt: core.clock() + 9 });
    const earlier = { ...resent, submittedAt: core.clock() };
    const failure = new SoraError({ code: 'backend_unavailable', message: 'no', retryable: true });
    await markUnknown(core, earlier, failure);
    await markRefused(core, earlier, failure);
    await waitForTurn(core, earlier, { from: 'submitting', ms: 1, why: 'no', failure });
    const plan = { ...earlier, quote: earlier.quoted, characters: [] } as unknown as Plan;
    expect(await failOver(core, earlier, failure, [plan])).toBeUndefined();
    expect(core.store.tasks.byId(resent.id)).toEqual(resent);
    expect(core.store.ledger.held(resent.id)).toBe(400_000);
  });

  test('is not overwritten by a job that the list shows', () => {
    const read = task;
    core.store.tasks.move(task.id, { from: 'unknown', to: 'queued', patch: { remoteId: 'job_late' } });
    expect(bindRemote(core, read, job(), 'list')).toBe('taken');
    expect(jobOf(task.id)).toBe('job_late');
  });
});

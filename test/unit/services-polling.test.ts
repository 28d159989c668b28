import { expect, test } from 'vitest';
import { SoraError } from '../../src/domain/errors.ts';
import { delayToNextPoll } from '../../src/services/poll-schedule.ts';
import { noteSilence } from '../../src/services/silence.ts';
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

test('a backend that answers 429 to a look is asked at the mean pace for an hour, also where a retry helped', async () => {
  const limits = { minPollMs: 5_000, meanPollMs: 10_000 };
  const { core, sandbox } = await openStudio({ backends: { forwarding: { limits } } });
  const forwarding = core.backends.get('forwarding')!;
  const { tasks } = core.store;
  const sentAt = core.clock() - 110_000;
  const here = { backend: 'forwarding', submittedAt: sentAt, state: 'completed', saveState: 'saved' } as const;
  core.store.transaction(() => {
    for (let i = 0; i < 50; i++) tasks.insert(aTask({ ...here, completedAt: sentAt + 100_000 + 500 * i }));
  });
  const ended = tasks.insert(aTask({ ...here, completedAt: sentAt + 110_000 }));
  const delay = () =>
    delayToNextPoll(core, { ...ended, submittedAt: core.clock() - 110_000, polls: 10 }, core.clock(), {});
  expect(delay()).toBe(5_000);
  sandbox.fault({ on: 'create', kind: '429' });
  const order = { prompt: 'a sea', model: 'sora-2', seconds: 4, characters: [], idempotencyKey: 'key' };
  await expect(forwarding.createVideo(order)).rejects.toMatchObject({ code: 'rate_limited' });
  expect(delay()).toBe(5_000);
  sandbox.fault({ on: 'get', kind: '429', retryAfter: 0 });
  await expect(forwarding.getVideo('video_nobody')).rejects.toMatchObject({ code: 'not_found' });
  expect(delay()).toBe(10_000);
  const first = tasks.insert(
    aTask({ ...here, state: 'in_progress', remoteId: 'job', nextPollAt: Number.MAX_SAFE_INTEGER }),
  );
  const busy = new SoraError({ code: 'rate_limited', message: 'too many' });
  await core.leases.during(first.id, noteSilence(core, first, busy));
  expect(tasks.byId(first.id)!.nextPollAt! - core.clock()).toBeGreaterThanOrEqual(10_000);
  sandbox.clock.advance(3_600_000);
  expect(delay()).toBe(5_000);
});

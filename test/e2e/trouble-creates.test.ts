import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { aBackend, aSandbox, failure, startApp, usd } from '../helpers/app.ts';
import { clipBytes } from '../helpers/media.ts';

const FORWARDING = { backend: 'forwarding' };
const REVERSE = { backend: 'reverse' };

/** Nothing listens there: it is below the ports that are given out. */
const NOBODY = 'http://127.0.0.1:9/v1';

describe('a create that surely did not arrive goes to the other backend, before there is a job', () => {
  test.each([
    ['its connection is refused', async () => NOBODY],
    ['its name does not resolve', async () => 'http://no-such-host.invalid/v1'],
    ['it speaks no TLS', async () => (await aSandbox()).baseUrl.replace('http:', 'https:')],
  ])('%s', async (_, address) => {
    const sandbox = await aSandbox();
    const backends = [aBackend('reverse', await address()), aBackend('forwarding', sandbox.baseUrl)];
    const app = await startApp({ sandbox, backends });
    const { task } = await app.make('a fox');
    expect(task).toMatchObject({ backend: 'forwarding', state: 'queued', quoted: 400_000 });
    expect(task.reasons.at(-1)).toMatch(/^reverse did not take it: .*could not be reached/);
    expect(sandbox.jobs()).toHaveLength(1);
    await app.reaches(task.id, 'completed');
    expect(app.store.ledger.rows('local', '2026-01-01')).toMatchObject([{ backend: 'forwarding', spent: 400_000 }]);
  });

  test.each(['429', '503'] as const)('it says %s for long: what that means for the price is said', async (kind) => {
    const app = await startApp();
    app.sandbox.fault({ on: 'create', kind, retryAfter: 90 });
    const { task } = await app.make('a fox');
    expect(task).toMatchObject({ backend: 'forwarding', state: 'queued' });
    expect(task.reasons.at(-1)).toMatch(/on forwarding it is \$0\.40 instead of \$0\.12 and 4 s instead of 10 s$/);
    expect(task.reasons.join(' ')).not.toContain('stands in');
    expect(app.sandbox.jobs()).toHaveLength(1);
  });

  test('but a moment that it asks for is waited: another one has another price', async () => {
    const app = await startApp();
    app.sandbox.fault({ on: 'create', kind: '429', retryAfter: 1 });
    const { task } = await app.make('a fox');
    expect(task).toMatchObject({ backend: 'reverse', state: 'reserved', charged: 'no' });
    expect(await app.reaches(task.id, 'completed')).toMatchObject({ backend: 'reverse', spent: 120_000 });
    expect(app.sandbox.jobs()).toHaveLength(1);
  });

  test('where there is no other, the refusal is told and nothing is charged', async () => {
    const backends = [aBackend('reverse', NOBODY)];
    const app = await startApp({ backends, budget: usd({ day: 1 }) });
    const told = await failure(app.make('a fox', { idempotencyKey: 'k' }));
    expect(told).toMatchObject({ code: 'backend_unavailable', retryable: true, charged: 'no' });
    expect(app.store.ledger.summary('local', Date.now()).day.used).toBe(0);
  });
});

describe('a create that may have arrived is never sent again', () => {
  test.each([
    ['dropped after the request', 'drop-after', 1],
    ['dropped before it was carried out', 'drop-before', 0],
    ['rubbish', 'rubbish', 1],
    ['a gateway’s page', 'html', 1],
    ['32 MiB of JSON', 'huge-json', 1],
    ['a bare 500', '500', 0],
  ] as const)('%s', async (_, kind, jobs) => {
    const app = await startApp({ budget: usd({ day: 1 }) });
    app.sandbox.fault({ on: 'create', kind });
    const { task } = await app.make('a fox', { ...REVERSE, idempotencyKey: 'k' });
    expect(task).toMatchObject({
      state: 'unknown',
      charged: 'unknown',
      error: { code: 'answer_lost', retryable: false },
    });
    // This backend has no list of jobs to look into.
    expect(task.error?.hint).toMatch(/Nobody can look for it here. Do not submit it again/);
    expect((await app.make('a fox', { ...REVERSE, idempotencyKey: 'k' })).task.id).toBe(task.id);
    expect(app.count('create')).toBe(1);
    expect(app.sandbox.jobs()).toHaveLength(jobs);
    expect(app.store.ledger.held(task.id)).toBe(120_000);
  });

  test('where jobs can be listed, the job is found', async () => {
    const app = await startApp();
    app.sandbox.fault({ on: 'create', kind: 'rubbish' });
    const { task } = await app.make('a fox', FORWARDING);
    expect(task).toMatchObject({ state: 'unknown', error: { hint: expect.stringMatching(/it is being looked for/) } });
    const found = await app.reaches(task.id, 'completed');
    expect(found).toMatchObject({ remoteId: app.sandbox.jobs()[0]!.id, charged: 'yes', spent: 400_000 });
    expect(found.error).toBeUndefined();
  });

  test('two lost ones of the same words are each given one of the two jobs', async () => {
    const app = await startApp();
    app.sandbox.fault({ on: 'create', kind: 'rubbish', times: 2 });
    const made = await Promise.all([app.make('a fox', FORWARDING), app.make('a fox', FORWARDING)]);
    const found = await Promise.all(made.map(({ task }) => app.reaches(task.id, 'completed')));
    expect(new Set(found.map(({ remoteId }) => remoteId)).size).toBe(2);
    expect(app.count('create')).toBe(2);
  });

  test('an answer with the id of another job is no answer, whoever has that job', async () => {
    const upstream = createServer((request, response) => {
      request.resume().on('end', () => {
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end('{"task_id":"task_same","status":"queued"}');
      });
    });
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void upstream.close());
    const { port } = upstream.address() as { port: number };
    const app = await startApp({ backends: [aBackend('reverse', `http://127.0.0.1:${port}/v1`)] });
    const first = await app.make('a fox');
    expect(first.task).toMatchObject({ state: 'queued', remoteId: 'task_same' });
    const second = await app.make('a hen');
    const third = await app.app.services('other').videos.generate({ prompt: 'an owl' });
    for (const { task } of [second, third]) {
      expect(task).toMatchObject({
        state: 'unknown',
        charged: 'unknown',
        error: { message: expect.stringMatching(/id of another job/) },
      });
      expect(task.remoteId).toBeUndefined();
    }
    expect(app.task(first.task.id).state).toBe('queued');
  });
});

test('a create that was given up by another process before it left does not leave', async () => {
  const app = await startApp({
    budget: usd({ day: 1 }),
    reached: (step) => {
      if (step !== 'create:intent-written') return;
      const [task] = app.store.tasks.latest('local', 1);
      app.store.tasks.move(task!.id, { from: 'submitting', to: 'failed', patch: { leaseOwner: undefined } });
    },
  });
  const told = await failure(app.make('a fox', REVERSE));
  expect(told).toMatchObject({ code: 'cancelled', charged: 'no', retryable: true });
  expect(app.count('create')).toBe(0);
});

test('nor does the create of a character', async () => {
  const app = await startApp({
    budget: usd({ day: 1 }),
    reached: (step) => {
      if (step !== 'character:intent-written') return;
      const claim = { owner: 'another process', now: Date.now() + 3_600_000, leaseMs: 1_000, limit: 1 };
      const [open] = app.store.bindings.claimDue(claim);
      app.store.bindings.settle(open!.id, { state: 'unknown' });
    },
  });
  const videoUrl = 'https://example.invalid/girl.mp4';
  const told = await failure(
    app.services.characters.create({ name: 'Girl', videoUrl, rightsConfirmed: true, ...REVERSE }),
  );
  expect(told).toMatchObject({ code: 'cancelled', charged: 'no', retryable: true });
  expect(app.count('character-create')).toBe(0);
  expect((await app.services.characters.list({})).characters).toEqual([]);
});

describe('a character whose create got no answer', () => {
  const girl = { name: 'Coffee Girl', rightsConfirmed: true };

  test('is found where characters can be listed, and does not come in twice', async () => {
    // Followed, it could be found between the two creates.
    const app = await startApp({ track: false });
    app.sandbox.fault({ on: 'character-create', kind: 'drop-after' });
    const input = { ...girl, videoUrl: 'https://example.invalid/girl.mp4', backend: 'reverse' };
    expect(await failure(app.services.characters.create(input))).toMatchObject({ charged: 'unknown' });
    expect(await failure(app.services.characters.create(input))).toMatchObject({
      code: 'character_not_ready',
      hint: expect.stringMatching(/Do not create it again blindly/),
    });
    const { characters } = await app.services.characters.list({ refresh: true });
    expect(characters).toMatchObject([{ handle: 'coffee_girl', bindings: [{ state: 'ready', backend: 'reverse' }] }]);
    expect(app.count('character-create')).toBe(1);
  });

  test('stays unknown where they cannot, and is not made again', async () => {
    const app = await startApp();
    const filePath = join(app.dataDir, 'girl.mp4');
    writeFileSync(filePath, await clipBytes());
    app.sandbox.fault({ on: 'character-create', kind: 'drop-after' });
    const input = { ...girl, filePath, backend: 'forwarding' };
    expect(await failure(app.services.characters.create(input))).toMatchObject({ charged: 'unknown' });
    await app.services.characters.list({ refresh: true });
    expect(await failure(app.services.characters.create(input))).toMatchObject({
      charged: 'unknown',
      retryable: false,
    });
    expect(app.count('character-create')).toBe(1);
    await app.services.characters.create({ ...input, handle: 'coffee_girl_2' });
  });
});

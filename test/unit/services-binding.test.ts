import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { RemoteCharacter } from '../../src/backends/backend.ts';
import { SoraError } from '../../src/domain/errors.ts';
import { fromUsd } from '../../src/domain/money.ts';
import { Characters } from '../../src/services/characters.ts';
import { reconcileCharacters } from '../../src/services/reconcile-character.ts';
import type { CharacterService } from '../../src/services/services.ts';
import { failure } from '../helpers/app.ts';
import { PROMPTLY_MS } from '../helpers/promptly.ts';
import { openStudio, type Studio } from '../helpers/studio.ts';
import { aTask } from '../store/fixtures.ts';

const MINUTE = 60_000;
const PRICE = fromUsd(0.01);
const INPUT = { name: 'Bob', videoUrl: 'https://example.com/bob.mp4', rightsConfirmed: true };
const ANSWER: RemoteCharacter = { remoteId: 'char_1', mention: '@char_1' };

let studio: Studio;
let core: Studio['core'];
let characters: Characters;
/** What the upstream lists, or why it does not. */
let listed: RemoteCharacter[] | SoraError;
let lists = 0;
/** What the upstream says of a task that makes one. */
let look: (signal: AbortSignal | undefined) => Promise<RemoteCharacter>;
/** How the create that is out ends. */
let answer: (remote: RemoteCharacter) => void;
let refuse: (error: SoraError) => void;
let sent: AbortSignal[];

beforeEach(async () => {
  studio = await openStudio();
  const real = studio.core.backends.get('reverse')!;
  const create = (_request: object, context?: { signal?: AbortSignal | undefined }) =>
    new Promise<RemoteCharacter>((resolve, reject) => {
      if (context?.signal) sent.push(context.signal);
      [answer, refuse] = [resolve, reject];
    });
  const maker = {
    ...real,
    profile: { ...real.profile, id: 'maker', characterUsd: 0.01 },
    createCharacter: create,
    extractCharacter: create,
    listCharacters: async () => {
      lists += 1;
      if (listed instanceof SoraError) throw listed;
      return listed;
    },
    getCharacter: (_: object, context?: { signal?: AbortSignal | undefined }) => look(context?.signal),
  };
  // The studio's own tracker keeps to the backends that it was opened with, and has a name of its own.
  core = { ...studio.core, backends: new Map([['maker', maker]]) };
  characters = new Characters(core, core.workspace('local'));
  listed = [];
  lists = 0;
  sent = [];
});

/** A create that has left. */
async function begin(name = INPUT.name) {
  const made = characters.create({ ...INPUT, name });
  made.catch(() => {});
  await becomes('submitting', name);
  return { made };
}

async function becomes(state: string, name = INPUT.name): Promise<void> {
  const seen = () => expect(bobs(name)?.bindings).toMatchObject([{ state }]);
  await vi.waitFor(seen, { timeout: PROMPTLY_MS });
}

function bobs(name = INPUT.name) {
  return core.store.characters.byHandle('local', name.toLowerCase());
}

function spent() {
  const { day, month, reserved } = core.store.ledger.summary('local', core.clock());
  expect(day.used).toBe(month.used);
  return { used: day.used, reserved };
}

/** Another process, that does not have this one's creates in hand. */
function lookElsewhere(): Promise<void> {
  return reconcileCharacters({ ...core, leases: Object.assign(Object.create(core.leases), { held: () => [] }) });
}

async function giveUp(): Promise<void> {
  for (let n = 0; n < 4; n++) {
    studio.sandbox.clock.advance(5 * MINUTE);
    await lookElsewhere();
  }
  expect(bobs()?.bindings).toMatchObject([{ state: 'failed' }]);
  expect(spent()).toEqual({ used: 0, reserved: 0 });
}

describe('a create that is out', () => {
  test('is not looked for by the process that has it in hand, wherever the clock jumps', async () => {
    const { made } = await begin();
    studio.sandbox.clock.advance(60 * MINUTE);
    await reconcileCharacters(core);
    expect(bobs()?.bindings).toMatchObject([{ state: 'submitting' }]);
    answer(ANSWER);
    expect(await made).toMatchObject({ handle: 'bob', bindings: [{ state: 'ready', remoteId: 'char_1' }] });
    expect(spent()).toEqual({ used: PRICE, reserved: 0 });
  });

  test('is given up only after minutes of looking in one process', async () => {
    let uptime = 0;
    const { Vigils } = await import('../../src/services/vigils.ts');
    core = { ...core, vigils: new Vigils(() => uptime) };
    await begin();
    for (let n = 0; n < 5; n++) {
      studio.sandbox.clock.advance(24 * 60 * MINUTE);
      uptime += 90_000;
      await lookElsewhere();
      expect(bobs()?.bindings).toMatchObject([{ state: 'unknown' }]);
    }
    studio.sandbox.clock.advance(MINUTE);
    uptime += 120_000;
    await lookElsewhere();
    expect(bobs()?.bindings).toMatchObject([{ state: 'failed' }]);
    expect(spent()).toEqual({ used: 0, reserved: 0 });
  });

  test.each([
    ['spelt differently', 'BOB'],
    ['not told', undefined],
  ])('is not given up while a character is listed whose name is %s', async (_, name) => {
    await begin();
    listed = [{ ...ANSWER, name }];
    for (let n = 0; n < 4; n++) {
      studio.sandbox.clock.advance(5 * MINUTE);
      await lookElsewhere();
    }
    expect(bobs()?.bindings).toMatchObject([{ state: 'unknown', error: expect.stringMatching(/told differently/) }]);
  });

  test('is not told by an older character that failed', async () => {
    await begin();
    const failed: RemoteCharacter = { remoteId: 'char_0', mention: '@char_0', name: 'Bob', state: 'failed' };
    listed = [failed];
    studio.sandbox.clock.advance(5 * MINUTE);
    await lookElsewhere();
    expect(bobs()?.bindings).toMatchObject([{ state: 'unknown', error: expect.stringMatching(/not listed yet/) }]);
    expect(spent()).toEqual({ used: PRICE, reserved: PRICE });
    expect((await failure(characters.create(INPUT))).code).toBe('character_not_ready');
    listed = [failed, { ...ANSWER, name: 'Bob' }];
    studio.sandbox.clock.advance(5 * MINUTE);
    await lookElsewhere();
    expect(bobs()?.bindings).toMatchObject([{ state: 'ready', remoteId: 'char_1' }]);
  });

  test('is not cut off when its caller leaves', async () => {
    const task = aTask({ backend: 'maker', state: 'completed', remoteId: 'job_1' });
    core.store.tasks.insert(task);
    const leaving = new AbortController();
    const service: CharacterService = characters;
    const input = { taskId: task.id, name: 'Bob', rightsConfirmed: true };
    const made = service.extract(input, { signal: leaving.signal });
    await becomes('submitting');
    leaving.abort();
    expect(sent).toEqual([]);
    answer(ANSWER);
    await made;
    expect(bobs()?.bindings).toMatchObject([{ state: 'ready', remoteId: 'char_1' }]);
  });
});

describe('a late answer', () => {
  test('counts, and is booked, though its create was given up', async () => {
    const { made } = await begin();
    await giveUp();
    answer(ANSWER);
    expect(await made).toMatchObject({ handle: 'bob', bindings: [{ state: 'ready', remoteId: 'char_1' }] });
    expect(spent()).toEqual({ used: PRICE, reserved: 0 });
  });

  test('comes into the catalog by itself when the character was made anew meanwhile', async () => {
    const { made } = await begin();
    const lateAnswer = answer;
    await giveUp();
    const { made: again } = await begin();
    answer({ remoteId: 'char_2', mention: '@char_2' });
    await again;
    lateAnswer(ANSWER);
    expect(await made).toMatchObject({ handle: 'bob_2', bindings: [{ state: 'ready', remoteId: 'char_1' }] });
    expect(bobs()?.bindings).toMatchObject([{ state: 'ready', remoteId: 'char_2' }]);
    expect(spent()).toEqual({ used: 2 * PRICE, reserved: 0 });
  });

  test.each([
    ['is made', { remoteId: 'char_1', mention: '@char_1' }, { state: 'ready', remoteId: 'char_1' }, 2],
    ['fails', { remoteId: 'task_1', mention: '', state: 'failed', error: 'no' }, { state: 'failed', error: 'no' }, 1],
  ] as const)('that names a task is followed by itself until it %s', async (_, end, binding, paid) => {
    const { made } = await begin();
    const lateAnswer = answer;
    await giveUp();
    const { made: again } = await begin();
    answer({ remoteId: 'char_2', mention: '@char_2' });
    await again;
    lateAnswer({ remoteId: 'task_1', mention: '', state: 'pending' });
    await made;
    expect(bobs('bob_2')?.bindings).toMatchObject([{ backend: 'maker', state: 'submitting' }]);
    expect(spent()).toEqual({ used: 2 * PRICE, reserved: PRICE });
    look = async () => end;
    studio.sandbox.clock.advance(MINUTE);
    await lookElsewhere();
    expect(bobs('bob_2')?.bindings).toMatchObject([binding]);
    expect(bobs()?.bindings).toMatchObject([{ state: 'ready', remoteId: 'char_2' }]);
    expect(spent()).toEqual({ used: paid * PRICE, reserved: 0 });
  });

  test('that tells what was found meanwhile is booked once', async () => {
    const { made } = await begin();
    listed = [{ ...ANSWER, name: 'Bob' }];
    studio.sandbox.clock.advance(60 * MINUTE);
    await lookElsewhere();
    expect(bobs()?.bindings).toMatchObject([{ state: 'ready', remoteId: 'char_1' }]);
    answer(ANSWER);
    expect(await made).toMatchObject({ handle: 'bob' });
    expect(spent()).toEqual({ used: PRICE, reserved: 0 });
  });

  test('of a refusal takes nothing back from what was found meanwhile', async () => {
    const { made } = await begin();
    listed = [{ ...ANSWER, name: 'Bob' }];
    studio.sandbox.clock.advance(60 * MINUTE);
    await lookElsewhere();
    refuse(new SoraError({ code: 'invalid_argument', message: 'no', details: { status: 400 } }));
    await expect(made).rejects.toMatchObject({ charged: 'no' });
    expect(bobs()?.bindings).toMatchObject([{ state: 'ready', remoteId: 'char_1' }]);
    expect(spent()).toEqual({ used: PRICE, reserved: 0 });
  });
});

test('a refresh asks for the list beside looks that do not end, all at once', async () => {
  for (const name of ['Bob', 'Ann']) {
    const { made } = await begin(name);
    answer({ remoteId: `task_${name}`, mention: '', state: 'pending' });
    await made;
  }
  let looks = 0;
  look = (signal) =>
    new Promise((_, reject) => {
      looks += 1;
      signal?.addEventListener('abort', () => reject(new SoraError({ code: 'cancelled', message: 'too late' })));
    });
  const caller = new AbortController();
  const page = characters.list({ refresh: true }, { signal: caller.signal });
  await vi.waitFor(() => expect({ looks, lists }).toEqual({ looks: 2, lists: 1 }), { timeout: PROMPTLY_MS });
  caller.abort();
  expect((await page).notes).toEqual([expect.stringMatching(/^nothing was adopted from maker: .* being made there/)]);
});

test('a list that failed is told as it failed, though the time ran out over a look', async () => {
  const { made } = await begin();
  answer({ remoteId: 'task_1', mention: '', state: 'pending' });
  await made;
  const caller = new AbortController();
  look = async () => {
    caller.abort();
    throw new SoraError({ code: 'cancelled', message: 'too late' });
  };
  listed = new SoraError({ code: 'backend_unavailable', message: 'it answered 503', retryable: true });
  const { notes } = await characters.list({ refresh: true }, { signal: caller.signal });
  expect(notes).toEqual(['maker could not be asked: it answered 503']);
});

describe('a create that takes longer than a caller waits', () => {
  /** The answer that the caller gets while the upstream is silent. */
  async function toldWhileSilent() {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const made = characters.create(INPUT);
    while (bobs() === undefined) await new Promise((resolve) => setImmediate(resolve));
    await vi.advanceTimersByTimeAsync(30_000);
    return await made.finally(() => vi.useRealTimers());
  }

  test('is told as it stands, and made to the end', async () => {
    expect(await toldWhileSilent()).toMatchObject({ handle: 'bob', bindings: [{ state: 'submitting' }] });
    expect(spent()).toEqual({ used: PRICE, reserved: PRICE });
    answer(ANSWER);
    await becomes('ready');
    expect(bobs()?.bindings).toMatchObject([{ remoteId: 'char_1' }]);
    expect(spent()).toEqual({ used: PRICE, reserved: 0 });
  });

  test('and is refused at last stays in the catalog, with the reason', async () => {
    await toldWhileSilent();
    refuse(new SoraError({ code: 'backend_unavailable', message: 'its name does not resolve', retryable: true }));
    await becomes('failed');
    expect(bobs()?.bindings).toMatchObject([{ error: expect.stringMatching(/resolve/) }]);
    expect(spent()).toEqual({ used: 0, reserved: 0 });
    expect(studio.logged.join()).toMatch(/@bob on maker/);
    const { made: again } = await begin();
    answer(ANSWER);
    expect(await again).toMatchObject({ handle: 'bob', bindings: [{ state: 'ready' }] });
  });
});

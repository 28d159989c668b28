import { describe, expect, test } from 'vitest';
import { fromUsd } from '../../src/domain/money.ts';
import type { MakeStoryboardInput, Question } from '../../src/services/services.ts';
import { openStudio, type Studio, type StudioOptions } from '../helpers/studio.ts';

const SCENES = [{ prompt: 'one' }, { prompt: 'two' }, { prompt: 'three' }];
/** $0.40 a scene on the forwarding backend. */
const FILM: MakeStoryboardInput = { title: 'Film', scenes: SCENES, priority: 'stability' };

async function nothingMade(studio: Studio) {
  expect(studio.core.store.tasks.latest('local', 10)).toEqual([]);
  expect(studio.storyboards.list(10).storyboards).toEqual([]);
  expect(studio.core.store.ledger.summary('local', studio.core.clock()).reserved).toBe(0);
  expect(studio.sandbox.requests()).toEqual([]);
}

describe('the price of a storyboard', () => {
  const cases: [string, StudioOptions, Partial<MakeStoryboardInput>, string, Record<string, unknown>][] = [
    ['the caller', {}, { maxCostUsd: 1 }, 'max_cost_usd is $1', { field: 'max_cost_usd' }],
    ['the day', { limits: { day: fromUsd(1) } }, {}, "$1 is left of the day's $1", { field: undefined }],
    ['the month', { limits: { month: fromUsd(1) } }, {}, "$1 is left of the month's $1", { field: undefined }],
  ];

  test.each(cases)(
    'that %s does not cover is refused whole, or covered in part',
    async (_, options, input, words, facts) => {
      const studio = await openStudio(options);
      const refused = studio.storyboards.make({ ...FILM, ...input });
      await expect(refused).rejects.toMatchObject({
        code: 'budget_exceeded',
        charged: 'no',
        message: `the 3 scenes cost $1.20, and ${words}`,
        hint: expect.stringContaining('partial: true to make the first 2'),
        ...facts,
      });
      await nothingMade(studio);
      const some = await studio.storyboards.make({ ...FILM, ...input, partial: true });
      expect(some.scenes.map(({ status }) => status)).toEqual(['reserved', 'reserved', 'planned']);
      expect(some).toMatchObject({ newCost: 800_000, cost: 800_000, notes: [`left out: scene 3; ${words}`] });
      const none = studio.storyboards.make({ ...FILM, ...input, maxCostUsd: 0.1, partial: true });
      await expect(none).rejects.toMatchObject({ code: 'budget_exceeded' });
      const rest = await studio.settle(some.id!);
      expect(rest.status).toBe('attention');
    },
  );

  test('a scene over the limit of one video names itself', async () => {
    const studio = await openStudio({ limits: { perVideo: fromUsd(0.5) } });
    const scenes = [{ prompt: 'short' }, { prompt: 'long', duration: 12 }];
    const refused = studio.storyboards.make({ ...FILM, scenes });
    await expect(refused).rejects.toMatchObject({ code: 'budget_exceeded', field: 'scenes[1].prompt' });
    await nothingMade(studio);
    const some = await studio.storyboards.make({ ...FILM, scenes, partial: true });
    expect(some.scenes.map(({ status }) => status)).toEqual(['reserved', 'planned']);
  });

  test('an unknown price is refused where there is a limit, and told where there is none', async () => {
    const studio = await openStudio({ backends: { forwarding: { rates: [] }, reverse: { rates: [] } } });
    const plan = await studio.storyboards.make({ ...FILM, dryRun: true });
    expect(plan.notes).toEqual(['the price of 3 scenes is unknown']);
    await expect(studio.storyboards.make({ ...FILM, maxCostUsd: 5 })).rejects.toMatchObject({ code: 'price_unknown' });
    await nothingMade(studio);
  });

  test('one yes is asked for the sum of it', async () => {
    const studio = await openStudio({ limits: { confirmAbove: fromUsd(1) } });
    const questions: string[] = [];
    const ask = (answer: boolean | undefined) => ({
      confirm: async ({ text }: Question) => {
        questions.push(text);
        return answer;
      },
    });
    await expect(studio.storyboards.make(FILM, ask(false))).rejects.toMatchObject({ code: 'confirmation_declined' });
    expect(questions[0]).toContain('Make 3 scenes of "Film" (12 s in all) on forwarding for $1.20?');
    await nothingMade(studio);
    const error = await studio.storyboards.make(FILM).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'confirmation_required', details: { costUsd: 1.2 } });
    const token = error.details.confirm as string;
    const other = { ...FILM, scenes: [...SCENES, { prompt: 'four' }] };
    await expect(studio.storyboards.make({ ...other, confirm: token })).rejects.toMatchObject({
      code: 'confirmation_required',
    });
    await nothingMade(studio);
    const made = await studio.storyboards.make({ ...FILM, confirm: token });
    expect(await studio.storyboards.make({ ...FILM, confirm: token })).toMatchObject({ id: made.id, newCost: 0 });
    await expect(studio.storyboards.make({ ...FILM, confirm: token, idempotencyKey: 'other' })).rejects.toMatchObject({
      code: 'confirmation_required',
    });
    expect(made.status).toBe('making');
    // A small change stays below the threshold, and asks nobody.
    await studio.storyboards.make({ storyboardId: made.id, scenes: [{ scene: 1 }, { scene: 2, prompt: 'new' }] });
  });
});

describe('a dry run', () => {
  const dry: MakeStoryboardInput = { ...FILM, dryRun: true };

  test('says that a person will be asked', async () => {
    const studio = await openStudio({ limits: { confirmAbove: fromUsd(1) } });
    const note = "$1.20 needs a person's yes: it is above $1";
    expect(await studio.storyboards.make(dry)).toMatchObject({ notes: [note], refused: false });
    const some = await studio.storyboards.make({ ...dry, maxCostUsd: 1, partial: true });
    expect(some.notes).toEqual(['left out: scene 3; max_cost_usd is $1']);
  });

  test('says that it would be refused', async () => {
    const studio = await openStudio();
    expect((await studio.storyboards.make({ ...dry, maxCostUsd: 1 })).refused).toBe(true);
    expect((await studio.storyboards.make({ ...dry, maxCostUsd: 0.1, partial: true })).refused).toBe(true);
    expect((await studio.storyboards.make({ ...dry, maxCostUsd: 1, partial: true })).refused).toBe(false);
  });

  test('counts what would be taken back, as the call itself does', async () => {
    const limits = { concurrentJobs: 1, minPollMs: 500, usualJobMs: 1_000 };
    const studio = await openStudio({ limits: { day: fromUsd(1.2) }, backends: { forwarding: { limits } } });
    const { id } = await studio.storyboards.make(FILM);
    const plan = await studio.storyboards.make({ storyboardId: id, scenes: [{ prompt: 'four' }], dryRun: true });
    expect(plan.refused).toBe(false);
  });
});

describe('an idempotency key', () => {
  const KEYED: MakeStoryboardInput = { ...FILM, idempotencyKey: 'film-1' };

  test('makes one film, however often and from wherever it is asked for', async () => {
    const studio = await openStudio();
    const [made, again] = await Promise.all([studio.storyboards.make(KEYED), studio.storyboards.make(KEYED)]);
    expect(again.id).toBe(made.id);
    expect([made.newCost, again.newCost].sort()).toEqual([0, 1_200_000]);
    await studio.settle(made.id!);
    // Another limit is not another film, nor is one that is only planned made or taken for it.
    const late = await studio.storyboards.make({ ...KEYED, maxCostUsd: 0.01 });
    expect(late).toMatchObject({ id: made.id, status: 'completed', newCost: 0, cost: 1_200_000 });
    expect(late.notes).toEqual(['made before under this idempotency_key; nothing new']);
    expect((await studio.storyboards.make({ ...KEYED, dryRun: true })).status).toBe('planned');
    expect(studio.sandbox.jobs()).toHaveLength(3);
    expect(studio.storyboards.list(10).storyboards).toHaveLength(1);
  });

  test('stands for a change as well, and for one request only', async () => {
    const studio = await openStudio();
    const { id } = await studio.storyboards.make(KEYED);
    await studio.settle(id!);
    const redo = { storyboardId: id, scenes: [{ scene: 1, redo: true }, { scene: 2 }], idempotencyKey: 'redo-1' };
    await studio.storyboards.make(redo);
    await studio.settle(id!);
    await studio.storyboards.make(redo);
    await studio.settle(id!);
    expect(studio.sandbox.jobs()).toHaveLength(4);
    await expect(studio.storyboards.make({ ...redo, idempotencyKey: 'film-1' })).rejects.toMatchObject({
      code: 'idempotency_conflict',
      field: 'idempotency_key',
      charged: 'no',
      message: `idempotency_key was used for another request (${id})`,
    });
    expect(studio.sandbox.jobs()).toHaveLength(4);
  });

  test('of a call that was refused is free', async () => {
    const studio = await openStudio();
    await expect(studio.storyboards.make({ ...KEYED, maxCostUsd: 1 })).rejects.toMatchObject({
      code: 'budget_exceeded',
    });
    await nothingMade(studio);
    const other = await studio.storyboards.make({ ...KEYED, scenes: [{ prompt: 'one' }] });
    expect(other).toMatchObject({ status: 'making', newCost: 400_000 });
  });
});

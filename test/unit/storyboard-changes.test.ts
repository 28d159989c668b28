import { describe, expect, test } from 'vitest';
import { inspectClip } from '../../src/media/clip.ts';
import type { MakeStoryboardInput, StoryboardReport } from '../../src/services/services.ts';
import { openStudio, type Studio } from '../helpers/studio.ts';

const SCENES = [{ prompt: 'one' }, { prompt: 'two', duration: 8 }, { prompt: 'three' }];

async function finished(): Promise<{ studio: Studio; before: StoryboardReport }> {
  const studio = await openStudio();
  const { id } = await studio.storyboards.make({ title: 'Film', scenes: SCENES, priority: 'stability' });
  return { studio, before: await studio.settle(id!) };
}

function tasks(report: StoryboardReport): (string | undefined)[] {
  return report.scenes.map(({ task }) => task?.id);
}

describe('changing a storyboard', () => {
  test('only what changed is made again; the rest is joined anew', async () => {
    const { studio, before } = await finished();
    const storyboardId = before.id;
    const [one, two, three] = tasks(before);
    let jobs = 3;
    const change = async (input: MakeStoryboardInput, made: number) => {
      const plan = await studio.storyboards.make({ storyboardId, ...input, dryRun: true });
      expect(plan.scenes.filter(({ status }) => status === 'planned')).toHaveLength(made);
      await studio.storyboards.make({ storyboardId, ...input });
      const report = await studio.settle(storyboardId!);
      expect(report.status).toBe('completed');
      jobs += made;
      expect(studio.sandbox.jobs()).toHaveLength(jobs);
      return { report, seconds: (await inspectClip(report.filmPath!)).seconds };
    };

    const reordered = await change({ scenes: [{ scene: 3 }, { scene: 1 }, { scene: 2 }] }, 0);
    expect(tasks(reordered.report)).toEqual([three, one, two]);
    expect(reordered.seconds).toBeCloseTo(16, 1);
    expect(reordered.report.filmPath).not.toBe(before.filmPath);

    const dropped = await change({ scenes: [{ scene: 1 }, { scene: 2 }] }, 0);
    expect(tasks(dropped.report)).toEqual([three, one]);
    expect(dropped.seconds).toBeCloseTo(8, 1);

    const grown = await change(
      { scenes: [{ prompt: 'zero' }, { scene: 1 }, { scene: 2, prompt: 'one, by night' }] },
      2,
    );
    expect(tasks(grown.report)[1]).toBe(three);
    expect(grown.report.scenes.map(({ prompt }) => prompt)).toEqual(['zero', 'three', 'one, by night']);

    // The same list without numbers, another priority, another title: nothing to pay for.
    const same = grown.report.scenes.map(({ prompt }) => ({ prompt }));
    const renamed = await change({ scenes: same, priority: 'cost', title: 'Another name' }, 0);
    expect(tasks(renamed.report)).toEqual(tasks(grown.report));
    expect(renamed.report.filmPath).toContain('another-name');

    const redone = await change({ scenes: [{ scene: 1 }, { scene: 2, redo: true }, { scene: 3 }] }, 1);
    expect(tasks(redone.report)[1]).not.toBe(three);

    // Nothing stays, so nothing holds it where it was, and the priority is cost by now.
    const styled = await change({ style: 'Shot on film.' }, 3);
    expect(styled.report.scenes[0]?.task?.sentPrompt).toBe('zero\n\nShot on film.');
    expect(styled.report.scenes.map(({ task }) => task?.backend)).toEqual(['reverse', 'reverse', 'reverse']);
  });

  test('a call that changes nothing leaves the film alone', async () => {
    const { studio, before } = await finished();
    const same = await studio.storyboards.make({ storyboardId: before.id });
    expect(same).toMatchObject({ status: 'completed', filmPath: before.filmPath, newCost: 0 });
  });

  test('what was not sent yet is taken back and not paid for; what runs is told', async () => {
    const limits = { concurrentJobs: 1, minPollMs: 500, usualJobMs: 1_000 };
    const studio = await openStudio({ backends: { forwarding: { limits } }, jobMs: 60_000 });
    const { id } = await studio.storyboards.make({ title: 'Film', scenes: SCENES, priority: 'stability' });
    const { store } = studio.core;
    await studio.until(() => store.tasks.ofStoryboard(id!).some(({ state }) => state === 'queued'));
    const change = { storyboardId: id, scenes: [{ prompt: 'four' }] };
    const plan = await studio.storyboards.make({ ...change, dryRun: true });
    const changed = await studio.storyboards.make(change);
    expect(plan.notes).toEqual(changed.notes);
    expect(changed.notes.join()).toMatch(/^the earlier job of scene \d \(task_\w+\) was sent and runs on/);
    const all = store.tasks.ofStoryboard(id!);
    expect(all.filter(({ error }) => error?.code === 'cancelled')).toHaveLength(2);
    // Held: the one that runs and the new one.
    const running = studio.sandbox.jobs()[0]?.seconds === 8 ? 800_000 : 400_000;
    expect(store.ledger.summary('local', studio.core.clock()).reserved).toBe(running + 400_000);
    expect(changed.cost).toBe(running + 400_000);
  });

  test('a job that was lost is told beforehand: it may be paid for', async () => {
    const studio = await openStudio();
    studio.sandbox.fault({ on: 'create', kind: 'drop-after' });
    const { id } = await studio.storyboards.make({ title: 'Film', scenes: [{ prompt: 'one' }], priority: 'stability' });
    await studio.until(() => studio.core.store.tasks.ofStoryboard(id!)[0]?.state === 'unknown');
    const redo = { storyboardId: id, scenes: [{ scene: 1, redo: true }], dryRun: true };
    const { notes } = await studio.storyboards.make(redo);
    expect(notes.join()).toMatch(/^the earlier job of scene 1 \(task_\w+\) was lost, and may run and be paid for/);
  });

  test('a revision that is lost by a change is told beforehand', async () => {
    const { studio, before } = await finished();
    const taskId = before.scenes[1]!.task!.id;
    const { task } = await studio.videos.revise({ taskId, mode: 'remix', prompt: 'two, in the rain' });
    await studio.settle(before.id!);
    const change = { storyboardId: before.id, style: 'Shot on film.' };
    const plan = await studio.storyboards.make({ ...change, dryRun: true });
    expect(plan.notes).toEqual([`scene 2 is made anew from its prompt; its remix (${task.id}) is not in the film`]);
    expect((await studio.storyboards.make(change)).notes).toEqual(plan.notes);
  });

  test('two changes at once: one of them is told to look again', async () => {
    const { studio, before } = await finished();
    const change = (prompt: string) =>
      studio.storyboards.make({ storyboardId: before.id, scenes: [{ scene: 1, prompt }, { scene: 2 }, { scene: 3 }] });
    const outcomes = await Promise.allSettled([change('left'), change('right')]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const [refused] = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
    expect(refused).toMatchObject({ code: 'idempotency_conflict', retryable: true, charged: 'no' });
    await studio.settle(before.id!);
    expect(studio.sandbox.jobs()).toHaveLength(4);
  });
});

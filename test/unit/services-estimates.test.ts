import { expect, test } from 'vitest';
import { Estimates } from '../../src/services/estimates.ts';
import { openStudio, type Studio } from '../helpers/studio.ts';

function estimates({ core }: Studio): Estimates {
  return new Estimates(core, core.workspace('local')!, []);
}

test.each([
  ['as cheap as it is made', { duration: 10 }],
  ['what is cheaper by the second is dearer where it is made longer', { duration: 1 }],
  ['a size that only one can be told', { duration: 8, size: '1920x1080' }],
  ['a model of one', { duration: 8, model: 'sora-2-pro' }],
] as const)('recommends what generate_video takes: %s', async (_, input) => {
  const studio = await openStudio({
    backends: {
      forwarding: {
        rates: ['sora-2', 'sora-2-pro'].map((model) => ({
          model,
          unit: 'second',
          usd: 0.1,
          source: 'test',
          asOf: '2026-11-01',
          confidence: 'exact',
        })),
      },
    },
  });
  const { recommended } = estimates(studio).estimate(input);
  const { task } = await studio.videos.generate({ prompt: 'a fox', ...input });
  expect(recommended?.backend).toBe(task.backend);
  expect(recommended?.why).toBe(task.reasons.join(' '));
});

test('recommends nothing where nothing can make it', async () => {
  const { quotes, recommended } = estimates(await openStudio()).estimate({ duration: 500, model: 'sora-2-pro' });
  expect(quotes.map(({ notes }) => notes)).toContainEqual([expect.stringMatching(/^longer than it makes/)]);
  expect(recommended).toBeUndefined();
});

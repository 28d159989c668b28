import * as z from 'zod/v4';
import { boardView, filmOf } from '../board-views.ts';
import * as params from '../params.ts';
import { defineTool } from '../tool.ts';

export const makeStoryboard = defineTool({
  name: 'make_storyboard',
  title: 'Make storyboard',
  description: 'Plan, price, make or change a film of several scenes; finished scenes are joined into one MP4.',
  kind: 'create',
  input: () =>
    z.object({
      title: params.title(),
      scenes: z.array(sceneShape()).min(1).max(100).describe('In order').optional(),
      characters: params.characters(),
      style: params.style(),
      priority: params.priority(),
      max_cost_usd: params.maxCostUsd(),
      dry_run: z.boolean().describe('Only quote').optional(),
      partial: z.boolean().describe('Make what the budget covers').optional(),
      storyboard_id: params.storyboardId(),
      idempotency_key: params.idempotencyKey(),
      confirm: params.confirm(),
    }),
  output: () =>
    z
      .looseObject({
        storyboard_id: z.string(),
        status: z.string(),
        scenes: z.array(z.looseObject({})),
        cost_usd: z.number(),
        new_cost_usd: z.number(),
        film_path: z.string(),
      })
      .partial(),
  handler: async (input, { services, context }) => {
    const report = await services.storyboards.make(
      {
        storyboardId: input.storyboard_id,
        title: input.title,
        scenes: input.scenes,
        characters: input.characters,
        style: input.style,
        priority: input.priority,
        maxCostUsd: input.max_cost_usd,
        dryRun: input.dry_run,
        partial: input.partial,
        idempotencyKey: input.idempotency_key,
        confirm: input.confirm,
      },
      context,
    );
    return { data: boardView(report), files: filmOf(report) };
  },
});

const sceneShape = () =>
  z.strictObject({
    scene: z.int().min(1).max(100).describe('Present number, to keep or change it').optional(),
    prompt: params.prompt().describe('Required if new').optional(),
    characters: z.array(z.string().min(1)).max(50).optional(),
    duration: params.duration().optional(),
    size: params.size(),
    redo: z.boolean().optional(),
  });

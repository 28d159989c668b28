import * as z from 'zod/v4';
import * as params from '../params.ts';
import { startView } from '../task-views.ts';
import { defineTool } from '../tool.ts';

export const reviseVideo = defineTool({
  name: 'revise_video',
  title: 'Revise video',
  description:
    'Remix, edit or extend a finished video where it was made; a storyboard scene is replaced by the result.',
  kind: 'create',
  input: () =>
    z.object({
      task_id: params.taskId(),
      mode: z.enum(['remix', 'edit', 'extend']),
      prompt: params.prompt(),
      seconds: z.number().gt(0).max(600).describe('To add, with extend').optional(),
      max_cost_usd: params.maxCostUsd(),
      idempotency_key: params.idempotencyKey(),
      confirm: params.confirm(),
    }),
  output: () =>
    z.looseObject({
      task_id: z.string(),
      status: z.string(),
      parent_id: z.string().optional(),
      storyboard_id: z.string().optional(),
      cost_usd: z.number().optional(),
    }),
  handler: async (input, { services, context }) => {
    const report = await services.videos.revise(
      {
        taskId: input.task_id,
        mode: input.mode,
        prompt: input.prompt,
        seconds: input.seconds,
        maxCostUsd: input.max_cost_usd,
        idempotencyKey: input.idempotency_key,
        confirm: input.confirm,
      },
      context,
    );
    return { data: startView(report) };
  },
});

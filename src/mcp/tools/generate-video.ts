import * as z from 'zod/v4';
import * as params from '../params.ts';
import { startView } from '../task-views.ts';
import { defineTool } from '../tool.ts';

export const generateVideo = defineTool({
  name: 'generate_video',
  title: 'Generate video',
  description: 'Start a video job on the best backend; returns its task_id at once, for get_task.',
  kind: 'create',
  input: () =>
    z.object({
      prompt: params.prompt(),
      characters: params.characters(),
      duration: params.duration().optional(),
      size: params.size(),
      aspect_ratio: params.aspectRatio(),
      model: params.model(),
      priority: params.priority(),
      backend: params.backend(),
      reference_image: params.referenceImage(),
      reference_video: params.referenceVideo(),
      influence_strength: params.influenceStrength(),
      max_cost_usd: params.maxCostUsd(),
      idempotency_key: params.idempotencyKey(),
      confirm: params.confirm(),
    }),
  output: () =>
    z.looseObject({
      task_id: z.string(),
      status: z.string(),
      backend: z.string(),
      route: z.string(),
      model: z.string(),
      cost_usd: z.number().optional(),
      reasons: z.array(z.string()).readonly(),
      next_poll_seconds: z.number().optional(),
    }),
  handler: async (input, { services, context }) => {
    const report = await services.videos.generate(
      {
        prompt: input.prompt,
        characters: input.characters,
        duration: input.duration,
        size: input.size,
        aspectRatio: input.aspect_ratio,
        model: input.model,
        priority: input.priority,
        backend: input.backend,
        referenceImage: input.reference_image,
        referenceVideo: input.reference_video,
        influenceStrength: input.influence_strength,
        maxCostUsd: input.max_cost_usd,
        idempotencyKey: input.idempotency_key,
        confirm: input.confirm,
      },
      context,
    );
    return { data: startView(report) };
  },
});

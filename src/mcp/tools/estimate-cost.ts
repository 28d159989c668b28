import * as z from 'zod/v4';
import * as params from '../params.ts';
import { defineTool } from '../tool.ts';
import { estimateView } from '../views.ts';

export const estimateCost = defineTool({
  name: 'estimate_cost',
  title: 'Estimate cost',
  description: 'Price a video on every backend, one or many a month; free and offline.',
  kind: 'lookup',
  input: () =>
    z.object({
      duration: params.duration(),
      count: z.int().min(1).max(1_000_000).describe('Videos a month; default 1').optional(),
      model: params.model(),
      size: params.size(),
      with_character: z.boolean().describe('Only backends that keep one').optional(),
    }),
  output: () =>
    z.looseObject({
      quotes: z.array(quoteShape()),
      recommended: z.object({ backend: z.string(), why: z.string() }).optional(),
    }),
  handler: async (input, { services }) => {
    const estimate = services.estimates.estimate({
      duration: input.duration,
      count: input.count,
      model: input.model,
      size: input.size,
      withCharacter: input.with_character,
    });
    return { data: estimateView(estimate) };
  },
});

const quoteShape = () =>
  z.looseObject({
    backend: z.string(),
    route: z.string(),
    model: z.string(),
    per_video_usd: z.number().optional(),
    total_usd: z.number().optional(),
    monthly_usd: z.number().optional(),
    yearly_usd: z.number().optional(),
    source: z.string(),
    as_of: z.string().optional(),
    confidence: z.string(),
  });

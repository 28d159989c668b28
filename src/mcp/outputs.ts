import * as z from 'zod/v4';

const bindingShape = () =>
  z.looseObject({
    backend: z.string(),
    route: z.string(),
    remote_id: z.string().optional(),
    mention: z.string().optional(),
  });

/**
 * A character as three answers have it. Output schemas name what an answer is for; rarer facts come besides, because
 * every byte here is read by every client. One tool of the three spells the bindings out.
 */
export const characterShape = (bindings: 'bindings told' | 'bindings named') =>
  z.looseObject({
    id: z.string(),
    handle: z.string(),
    name: z.string(),
    description: z.string().optional(),
    source: z.looseObject({}),
    bindings: z.array(bindings === 'bindings told' ? bindingShape() : z.looseObject({})),
  });

import * as z from 'zod/v4';

// Shapes that several answers share. They carry types only: the names say the rest, and every byte is read by every client.

export const characterShape = () =>
  z.object({
    id: z.string(),
    handle: z.string(),
    name: z.string(),
    description: z.string().optional(),
    source: z.looseObject({}),
    bindings: z.array(
      z.object({
        backend: z.string(),
        route: z.string(),
        remote_id: z.string().optional(),
        mention: z.string().optional(),
        state: z.string().optional(),
        error: z.string().optional(),
      }),
    ),
    created_at: z.string(),
  });

/** Why a job failed; of a call that failed, see errors.ts. */
export const errorShape = () => z.looseObject({ code: z.string(), message: z.string() });

export const chargedShape = () => z.string();

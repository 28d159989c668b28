import type { RequestContext, Services } from '../services/services.ts';

/** The same services, but whoever waits for a task when the server stops is told at once how far it is. */
export function endWaits(services: Services, stopping: AbortSignal): Services {
  const { tasks, storyboards } = services;
  return {
    ...services,
    tasks: {
      get: (id, wait, context) => {
        if (!wait?.waitSeconds) return tasks.get(id, wait, context);
        return untilStopping(stopping, context, (either) => tasks.get(id, wait, either));
      },
      list: (input) => tasks.list(input),
      still: (id, context) => tasks.still(id, context),
    },
    storyboards: {
      make: (input, context) => storyboards.make(input, context),
      get: (id, wait, context) => {
        if (!wait?.waitSeconds) return storyboards.get(id, wait, context);
        return untilStopping(stopping, context, (either) => storyboards.get(id, wait, either));
      },
      list: (limit, cursor) => storyboards.list(limit, cursor),
      isStoryboardId: (id) => storyboards.isStoryboardId(id),
      ofTask: (id) => storyboards.ofTask(id),
    },
  };
}

/** Not `AbortSignal.any`: on Node 20 a signal that lives long remembers every one that was made from it. */
async function untilStopping<T>(
  stopping: AbortSignal,
  context: RequestContext = {},
  act: (context: RequestContext) => Promise<T>,
): Promise<T> {
  const either = new AbortController();
  const end = () => either.abort();
  const signals = [stopping, ...(context.signal ? [context.signal] : [])];
  for (const signal of signals) signal.aborted ? end() : signal.addEventListener('abort', end);
  try {
    return await act({ ...context, signal: either.signal });
  } finally {
    for (const signal of signals) signal.removeEventListener('abort', end);
  }
}

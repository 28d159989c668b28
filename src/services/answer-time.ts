/** No caller waits longer than this for a create, in milliseconds: it goes on by itself, and its outcome is written. */
const ANSWER_WITHIN_MS = 30_000;

/** What comes of the work while its caller waits; undefined when it takes longer. Its later failure is told to `failed`. */
export async function inAnswerTime<T>(work: Promise<T>, failed: (error: unknown) => void): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      work.catch(failed);
      resolve(undefined);
    }, ANSWER_WITHIN_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Does the work under a signal that aborts after `ms`, or with the caller's. Not `AbortSignal.timeout` in an
 * `AbortSignal.any`: Node 20 may collect it before its time has come.
 */
export async function within<T>(
  ms: number,
  caller: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const own = new AbortController();
  const abort = () => own.abort(caller?.reason);
  if (caller?.aborted) abort();
  caller?.addEventListener('abort', abort);
  const timer = setTimeout(() => own.abort(new Error(`${ms} ms have passed`)), ms);
  try {
    return await work(own.signal);
  } finally {
    clearTimeout(timer);
    caller?.removeEventListener('abort', abort);
  }
}

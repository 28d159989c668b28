/** The two clocks of one attempt and the caller's signal, as one signal. */
export interface Clocks {
  readonly signal: AbortSignal;
  /** The headers are here: from now on only the total counts. */
  headersCame(): void;
  /** Which clock ran out, if one did. */
  timedOut(): 'attempt' | 'total' | undefined;
  stop(): void;
}

/**
 * The promise, or the signal's reason as soon as it aborts. undici looks at a signal only once the connection stands;
 * what it then finds aborted it does not write.
 */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** `totalMs` 0: no total, for downloads that may take as long as they flow. */
export function startClocks(attemptMs: number, totalMs: number, caller: AbortSignal | undefined): Clocks {
  const own = new AbortController();
  let over: 'attempt' | 'total' | undefined;
  const end = (which: 'attempt' | 'total') => () => {
    over ??= which;
    own.abort(new Error(`the ${which} timeout has passed`));
  };
  const attempt = setTimeout(end('attempt'), attemptMs);
  const total = totalMs > 0 ? setTimeout(end('total'), totalMs) : undefined;
  return {
    signal: caller ? AbortSignal.any([own.signal, caller]) : own.signal,
    headersCame: () => clearTimeout(attempt),
    timedOut: () => over,
    stop() {
      clearTimeout(attempt);
      clearTimeout(total);
    },
  };
}

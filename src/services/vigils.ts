import { TIMEOUTS } from '../backends/http-port.ts';
import type { Clock } from '../domain/ids.ts';

/** How long a list may lag behind the creates of its backend, in milliseconds. */
export const LIST_LAG_MS = 5 * 60_000;
/**
 * What a create made must not be listed for so long in a process that looks, whatever the clocks on the wall say, before
 * it counts as never taken: longer than the create may still be out, and than the list may lag behind it.
 */
export const WATCH_MS = TIMEOUTS.createTotalMs + LIST_LAG_MS + 60_000;

/** How long this process has watched for things that do not come, by a clock that nobody sets. */
export class Vigils {
  /** Milliseconds since any moment; it never jumps. */
  readonly #clock: Clock;
  readonly #begun = new Map<string, number>();

  constructor(clock: Clock = () => performance.now()) {
    this.#clock = clock;
  }

  /** Milliseconds since the first call for this; nothing at that one. */
  lasting(what: string): number {
    const now = this.#clock();
    const begun = this.#begun.get(what) ?? now;
    this.#begun.set(what, begun);
    return now - begun;
  }

  end(what: string): void {
    this.#begun.delete(what);
  }
}

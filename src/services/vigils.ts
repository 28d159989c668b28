import type { Clock } from '../domain/ids.ts';

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

/** Sleep that can be ended from outside, also a moment before it begins. */
export class Rest {
  #wake: () => void = () => {};
  #awake = false;

  end(): void {
    this.#awake = true;
    this.#wake();
  }

  /** Resolves after so many milliseconds, or when it is ended; keeps no process alive. */
  for(ms: number): Promise<void> {
    if (ms === 0 || this.#awake) {
      this.#awake = false;
      return new Promise((resolve) => setImmediate(resolve));
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake(), ms);
      timer.unref();
      this.#wake = () => {
        this.#wake = () => {};
        this.#awake = false;
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Milliseconds: more than anything takes on a busy machine, less than the waits that must not happen, of 30 s and up. */
export const PROMPTLY_MS = 20_000;

/** Waits for a condition that comes true by itself. */
export async function until(condition: () => boolean, ms = PROMPTLY_MS): Promise<void> {
  const deadline = Date.now() + ms;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('It did not come true in time');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Gives what must not happen the chance to show. What must happen is waited for with `until`. */
export async function aMoment(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 50));
}

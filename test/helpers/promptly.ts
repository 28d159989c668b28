/** Milliseconds: more than anything takes on a busy machine, less than the waits that must not happen, of 30 s and up. */
export const PROMPTLY_MS = 20_000;

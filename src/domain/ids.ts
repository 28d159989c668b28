/** Makes ids: `prefix_` and lower-case letters and digits. Handed in, so that tests control it. */
export type IdSource = (prefix: string) => string;

/** Unix milliseconds. Handed in, so that tests control it. */
export type Clock = () => number;

export function isoTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -5)}Z`;
}

/** The UTC day, `2026-11-22`. */
export function utcDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

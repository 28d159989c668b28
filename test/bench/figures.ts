/** The middle of the values; of an even number, the upper one of the two. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** One line of a bench's table. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it is held against, in the same run and unit. */
  readonly baseline?: { readonly name: string; readonly value: number } | undefined;
  /** The highest ratio to the baseline; without a baseline, the highest value. */
  readonly goal?: number | undefined;
}

const MARKER = 'figure:';

/** Prints a figure for a person, and once more for `npm run bench`, which collects them. */
export function report(figure: Figure): void {
  const { name, value, unit, baseline, goal } = figure;
  const ratio = baseline === undefined ? undefined : value / baseline.value;
  const held = ratio ?? value;
  const verdict = goal === undefined ? '' : held <= goal ? `, goal ${goal}: reached` : `, goal ${goal}: NOT reached`;
  const against = baseline && ` = ${ratio?.toFixed(2)} x ${baseline.name} (${round(baseline.value)} ${unit})`;
  process.stderr.write(`${name}: ${round(value)} ${unit}${against ?? ''}${verdict}\n`);
  process.stdout.write(`${MARKER}${JSON.stringify(figure)}\n`);
}

export function round(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** An amount of money in integer micro-dollars (1 USD = 1,000,000). The only unit that is stored, added or compared. */
export type MicroUsd = number & { readonly __unit: 'micro_usd' };

export const MICRO_PER_USD = 1_000_000;

export function microUsd(amount: number): MicroUsd {
  if (!Number.isSafeInteger(amount)) throw new RangeError(`not a whole number of micro-dollars: ${amount}`);
  return amount as MicroUsd;
}

/** Rounds to the nearest micro-dollar; throws on anything that is not a finite number. */
export function fromUsd(usd: number): MicroUsd {
  return microUsd(Math.round(usd * MICRO_PER_USD));
}

/** For answers: dollars as a number, exact to six places. */
export function toUsd(amount: MicroUsd): number {
  return amount / MICRO_PER_USD;
}

/** For sentences: `$0.12`, `$1`, `$0.0105`: at least the cents when there are any. */
export function formatUsd(amount: MicroUsd): string {
  const dollars = toUsd(amount);
  const cents = amount % (MICRO_PER_USD / 100) === 0;
  return `$${Number.isInteger(dollars) ? dollars : cents ? dollars.toFixed(2) : String(dollars)}`;
}

export function times(amount: MicroUsd, count: number): MicroUsd {
  return microUsd(Math.round(amount * count));
}

export function sum(amounts: Iterable<MicroUsd>): MicroUsd {
  let total = 0;
  for (const amount of amounts) total += amount;
  return microUsd(total);
}

export const NOTHING = microUsd(0);

/** One figure over the rounds of a run. */
export type Spread = { median: number; min: number; max: number };

/** @throws Error where there is nothing to sum up. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new Error("there is no value to sum up");
  const sorted = ascending(values);
  return { median: median(sorted), min: sorted[0]!, max: sorted.at(-1)! };
}

/** The middle value; of an even number of values, the mean of the two in the middle. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = ascending(values);
  const middle = Math.floor(sorted.length / 2);
  if (sorted.length % 2 === 1) return sorted[middle]!;
  return ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/** The least value that at least this share of all values does not exceed. NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = ascending(values);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN;
}

function ascending(values: readonly number[]): number[] {
  return values.toSorted((one, other) => one - other);
}

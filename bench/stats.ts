/** Small statistics over measured values. */

/** The middle value, or the mean of the middle two. @throws RangeError for an empty list */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/**
 * Quantile by linear interpolation between the two nearest values.
 * @param q 0 (least) to 1 (greatest) @throws RangeError for an empty list or another q
 */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0 || !(q >= 0 && q <= 1))
    throw new RangeError(`expected values and a quantile from 0 to 1, got ${values.length} values and ${q}`);
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)] ?? NaN;
  const high = sorted[Math.ceil(at)] ?? NaN;
  return low + (high - low) * (at - Math.floor(at));
}

/** The smallest value; Infinity if there is none. Unlike `Math.min(...values)` it takes lists of any length. */
export const minOf = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b), Infinity);

/** The middle value; the mean of the middle two. The list must not be empty. */
export function median(values: readonly number[]): number {
  const sorted = new Float64Array(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The standard deviation of normal noise is its median absolute deviation times this number, 1 / Φ⁻¹(3/4). */
const deviationPerMedian = 1.4826;

/**
 * The standard deviation of the noise on a slowly moving curve. It is computed from second differences, so that
 * neither the curve's slope nor a few outliers count: `1.4826 · median(|yᵢ₋₁ − 2yᵢ + yᵢ₊₁|) / √6`.
 */
export function noiseOf(values: readonly number[]): number {
  const bends = values
    .slice(2)
    .map((value, index) => Math.abs(value - 2 * values[index + 1]! + values[index]!));
  return bends.length > 0 ? (deviationPerMedian * median(bends)) / Math.sqrt(6) : 0;
}

/** The mean of a list that is not empty. */
export const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** As {@link noiseOf}, but from the mean square of the second differences. It suits values that are mostly equal. */
export function roughnessOf(values: readonly number[]): number {
  const squares = values
    .slice(2)
    .map((value, index) => (value - 2 * values[index + 1]! + values[index]!) ** 2);
  return squares.length > 0 ? Math.sqrt(meanOf(squares) / 6) : 0;
}

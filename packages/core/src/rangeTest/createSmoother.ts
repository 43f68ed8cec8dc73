import { smoothing } from './calibration.ts';
import type { Curve } from './curve.ts';

/**
 * Smooths a curve without lag: at each bin it fits a line to the neighbours within reach, weighted by `(1 − d³)³`
 * (LOESS) and by their number of steps. The fit is linear in `y`, so the weights are computed once and
 * serve every resampled curve.
 *
 * @see Cleveland, Robust locally weighted regression and smoothing scatterplots, 1979
 */
export function createSmoother(curve: Pick<Curve, 'x' | 'count'>): (y: readonly number[]) => number[] {
  const rows = rowsOf(curve);
  return (y) => rows.map((row) => row.reduce((sum, { i, share }) => sum + share * y[i]!, 0));
}

/** The standard deviations of the smoothed values, relative to that of one step. */
export function smoothedDeviations(curve: Pick<Curve, 'x' | 'count'>): number[] {
  return rowsOf(curve).map((row) =>
    Math.sqrt(row.reduce((sum, { i, share }) => sum + share ** 2 / curve.count[i]!, 0)),
  );
}

/** For each bin, the shares of its neighbours in the smoothed value. */
function rowsOf({
  x,
  count,
}: Pick<Curve, 'x' | 'count'>): (readonly { readonly i: number; readonly share: number }[])[] {
  return x.map((here, i) => {
    // The neighbour at the very end of the reach keeps a weight above 0.
    const reach = Math.max(smoothing.decades, distanceToNeighbour(x, i, smoothing.neighbours)) + 1e-9;
    let from = i;
    while (from > 0 && here - x[from - 1]! < reach) from--;
    const near: { i: number; d: number; weight: number }[] = [];
    for (let j = from; j < x.length && x[j]! - here < reach; j++) {
      const d = x[j]! - here;
      const weight = count[j]! * (1 - (Math.abs(d) / reach) ** 3) ** 3;
      if (weight > 0) near.push({ i: j, d, weight });
    }
    const moment = (power: number) => near.reduce((sum, { d, weight }) => sum + weight * d ** power, 0);
    const [m0, m1, m2] = [moment(0), moment(1), moment(2)];
    const determinant = m0 * m2 - m1 * m1 || 1;
    return near.map(({ i, d, weight }) => ({ i, share: (weight * (m2 - m1 * d)) / determinant }));
  });
}

/** The distance from bin `i` to its `nth` nearest neighbour, or to the farthest bin if there are fewer. `x` rises. */
function distanceToNeighbour(x: readonly number[], i: number, nth: number): number {
  let [left, right] = [i, i];
  const below = () => (left > 0 ? x[i]! - x[left - 1]! : Infinity);
  const above = () => (right < x.length - 1 ? x[right + 1]! - x[i]! : Infinity);
  let distance = 0;
  for (let found = 0; found < nth && right - left < x.length - 1; found++) {
    distance = Math.min(below(), above());
    if (below() <= above()) left--;
    else right++;
  }
  return distance;
}

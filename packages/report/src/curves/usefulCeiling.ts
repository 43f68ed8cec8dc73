import { extent } from './extent.ts';
import { median } from './smooth.ts';
import type { Point } from './thin.ts';

/**
 * The loss at which to cut the plot, so that a divergence does not flatten the rest of the curve. `undefined` if there
 * is nothing to cut.
 */
export function usefulCeiling(curve: readonly Point[]): number | undefined {
  const losses = curve.flatMap(([, loss]) => loss ?? []);
  const start = median(losses.slice(0, Math.max(5, losses.length / 10)));
  const [lowest, highest] = extent(losses);
  const ceiling = start + 0.6 * (start - lowest);
  if (!(highest > ceiling) || ceiling === start) return undefined;
  return Number(ceiling.toPrecision(2));
}

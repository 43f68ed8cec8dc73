import { extent } from './extent.ts';
import { median } from './smooth.ts';
import type { Point } from './thin.ts';

/** Where to cut the losses of a divergence, which would press all the rest flat; `undefined` if there are none. */
export function usefulCeiling(curve: readonly Point[]): number | undefined {
  const losses = curve.flatMap(([, loss]) => loss ?? []);
  const start = median(losses.slice(0, Math.max(5, losses.length / 10)));
  const [lowest, highest] = extent(losses);
  const ceiling = start + 0.6 * (start - lowest);
  if (!(highest > ceiling) || ceiling === start) return undefined;
  return Number(ceiling.toPrecision(2));
}

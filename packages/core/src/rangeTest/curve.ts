import { median, noiseOf } from './statistics.ts';
import type { RangeTestPoint } from './trace.ts';

/** A sweep's losses over the decimal logarithm of the rate, in bins of a fortieth of a decade. */
export interface Curve {
  /** Mean log₁₀ rate of each bin, rising. */
  readonly x: readonly number[];
  /** Mean loss of each bin, outliers above the start pulled in. */
  readonly y: readonly number[];
  /** How many steps each bin holds. */
  readonly count: readonly number[];
  /** The loss that the sweep began with. */
  readonly start: number;
  /** The standard deviation of one step's loss. */
  readonly noise: number;
}

const binsPerDecade = 40;

/** Bins a sweep, sorted by rate, up to its first loss that is not finite. Steps at rate 0 have no place on the axis. */
export function toCurve(points: readonly RangeTestPoint[]): Curve {
  const end = points.findIndex(({ loss }) => loss === null);
  const usable = points.slice(0, end < 0 ? undefined : end).filter(({ lr }) => lr > 0);
  const losses = usable.map(({ loss }) => loss!);
  const head = losses.slice(0, Math.max(5, losses.length / 10));
  const start = head.length > 0 ? median(head) : Number.NaN;
  const noise = noiseOf(losses.slice(0, Math.max(20, losses.length / 2)));
  const ceiling = start + 2 * (start - Math.min(...losses)) + 8 * noise;

  const bins: { key: number; x: number; y: number; count: number }[] = [];
  for (const { lr, loss } of usable) {
    const x = Math.log10(lr);
    const key = Math.round(x * binsPerDecade);
    if (bins.at(-1)?.key !== key) bins.push({ key, x: 0, y: 0, count: 0 });
    const bin = bins.at(-1)!;
    bin.x += x;
    bin.y += Math.min(loss!, ceiling);
    bin.count++;
  }
  return {
    x: bins.map(({ x, count }) => x / count),
    y: bins.map(({ y, count }) => y / count),
    count: bins.map(({ count }) => count),
    start,
    noise,
  };
}

/**
 * What takes the noise out of a curve, without a lag: at each bin a line fitted to its neighbours within 0.2
 * decades (at least to the nearest 5), weighted by `(1 − d³)³` and by their steps. It is linear in `y`, so the
 * weights are worked out once and serve every resampled curve.
 */
export function createSmoother({ x, count }: Pick<Curve, 'x' | 'count'>): (y: readonly number[]) => number[] {
  const rows = x.map((here) => {
    const distances = x.map((there) => Math.abs(there - here));
    const reach = Math.max(0.2, [...distances].sort((a, b) => a - b)[Math.min(5, x.length - 1)]!) + 1e-9;
    const near = x.flatMap((there, i) => {
      const weight = count[i]! * Math.max(0, 1 - (distances[i]! / reach) ** 3) ** 3;
      return weight > 0 ? [{ i, d: there - here, weight }] : [];
    });
    const moment = (power: number) => near.reduce((sum, { d, weight }) => sum + weight * d ** power, 0);
    const [m0, m1, m2] = [moment(0), moment(1), moment(2)];
    const determinant = m0 * m2 - m1 * m1 || 1;
    return near.map(({ i, d, weight }) => ({ i, share: (weight * (m2 - m1 * d)) / determinant }));
  });
  return (y) => rows.map((row) => row.reduce((sum, { i, share }) => sum + share * y[i]!, 0));
}

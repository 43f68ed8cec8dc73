import { median, minOf, noiseOf } from '../statistics.ts';
import type { Axis } from './axis.ts';
import { binsPerDecade, ceiling, minSweep, noiseWindow, startWindow } from './calibration.ts';
import { isHigh } from './highStart.ts';
import { isFiniteLoss, type PooledTrace } from './poolTraces.ts';
import type { RangeTestPoint } from './trace.ts';

/** A sweep's losses over the positions of its rates on an axis, in bins of equal width. */
export interface Curve {
  /** The mean position of each bin, rising. */
  readonly x: readonly number[];
  /** The mean loss of each bin. Outliers far above the start are capped. */
  readonly y: readonly number[];
  /** The number of steps in each bin. */
  readonly count: readonly number[];
  /** The number of steps in all bins, and the steps with the lowest and the highest rate. */
  readonly steps: number;
  readonly first: RangeTestPoint | undefined;
  readonly last: RangeTestPoint | undefined;
  /** The loss that the sweep began with. */
  readonly start: number;
  /**
   * The loss from which the fall is measured. It is the loss of the best constant answer if the sweep began above it
   * and came clearly below it, else `start`.
   */
  readonly level: number;
  /** The standard deviation of one step's loss. */
  readonly noise: number;
}

/**
 * Bins a sweep, sorted by rate, up to its first loss that is not finite. Steps at rate 0 have no position on a
 * logarithmic axis.
 */
export function toCurve(
  points: readonly RangeTestPoint[],
  axis: Axis,
  { constantLoss = Infinity, ...known }: Partial<Pick<PooledTrace, 'constantLoss' | 'start' | 'noise'>> = {},
): Curve {
  const end = points.findIndex((point) => !isFiniteLoss(point));
  const usable = points
    .slice(0, end < 0 ? undefined : end)
    .filter(({ lr }) => Number.isFinite(axis.place(lr)));
  const losses = usable.map(({ loss }) => loss!);
  const firstOf = (
    from: readonly number[],
    { share, steps }: { readonly share: number; readonly steps: number },
  ): readonly number[] => from.slice(0, Math.max(steps, losses.length * share));
  const head = axis.spacing === 'linear' ? { share: 0, steps: startWindow.linear } : startWindow;
  const start = known.start ?? (losses.length > 0 ? median(firstOf(losses, head)) : Number.NaN);
  const high = isHigh(start, constantLoss);
  const level = high ? constantLoss : start;
  // High losses are noisier, so after a high start only the losses up to `level` count.
  const lower = losses.filter((loss) => !high || loss <= level);
  const noise = known.noise ?? noiseOf(firstOf(lower.length < minSweep.steps ? losses : lower, noiseWindow));
  const highest = level + ceiling.gains * Math.max(0, level - minOf(losses)) + ceiling.noises * noise;

  const bins: { key: number; x: number; y: number; count: number }[] = [];
  for (const { lr, loss } of usable) {
    const x = axis.place(lr);
    const key = Math.round(x * binsPerDecade);
    if (bins.at(-1)?.key !== key) bins.push({ key, x: 0, y: 0, count: 0 });
    const bin = bins.at(-1)!;
    bin.x += x;
    bin.y += Math.min(loss!, highest);
    bin.count++;
  }
  return {
    x: bins.map(({ x, count }) => x / count),
    y: bins.map(({ y, count }) => y / count),
    count: bins.map(({ count }) => count),
    steps: usable.length,
    first: usable[0],
    last: usable.at(-1),
    start,
    level,
    noise,
  };
}

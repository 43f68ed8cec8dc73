import type { RangeTestPoint } from './trace.ts';

/** The part of a sweep that fastai's rules use. */
export interface FastaiCurve {
  readonly lrs: readonly number[];
  readonly losses: readonly number[];
}

/**
 * Smooths and cuts a sweep like fastai. The smoothing is a debiased running mean with weight 0.98. The curve is cut
 * when this mean exceeds four times its best value. The first tenth of the steps and the last five steps are left
 * out.
 *
 * @see fastai, `fastai/callback/schedule.py`: `LRFinder`, `lr_find`
 */
export function fastaiSmoothing(points: readonly RangeTestPoint[]): FastaiCurve {
  const losses: number[] = [];
  let mean = 0;
  let best = Infinity;
  for (const [i, { loss }] of points.entries()) {
    mean = 0.98 * mean + 0.02 * (loss ?? Number.NaN);
    const value = mean / (1 - 0.98 ** (i + 1));
    if (!(value <= 4 * best)) break;
    best = Math.min(best, value);
    losses.push(value);
  }
  const ends = [Math.floor(points.length / 10), -5] as const;
  const lrs = points.slice(0, losses.length).map(({ lr }) => lr);
  return { lrs: lrs.slice(...ends), losses: losses.slice(...ends) };
}

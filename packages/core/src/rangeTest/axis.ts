import { linearLength } from './calibration.ts';
import type { RangeTestTrace } from './trace.ts';

/** The axis for the analysis of a sweep. Equal steps of the sweep are equally long on it. */
export interface Axis {
  readonly spacing: RangeTestTrace['spacing'];
  /** The position of a rate. −Infinity for 0 on the axis of an exponential sweep. */
  readonly place: (lr: number) => number;
  readonly rate: (place: number) => number;
}

/**
 * Uses decimal logarithms if at least one sweep is exponential. A linear sweep spends nine tenths of its steps on the
 * last decade, so its axis is the rate itself, scaled to the length `linearLength`. The analysis states distances in
 * decades. On this axis, a distance is the same share of the sweep as in an exponential sweep of `linearLength`
 * decades.
 */
export function axisOf(sweeps: readonly Pick<RangeTestTrace, 'spacing' | 'endLr'>[]): Axis {
  if (sweeps.length === 0 || sweeps.some(({ spacing }) => spacing === 'exponential'))
    return { spacing: 'exponential', place: Math.log10, rate: (place) => 10 ** place };
  const unit = Math.max(...sweeps.map(({ endLr }) => endLr)) / linearLength;
  return { spacing: 'linear', place: (lr) => lr / unit, rate: (place) => place * unit };
}

import { minOf } from '../statistics.ts';
import { fallShare, lostShares } from './calibration.ts';
import type { Curve } from './curve.ts';

/** The features of a smoothed curve, as positions on its axis. */
export interface Features {
  /** The position at which the loss begins to fall. */
  readonly fall: number;
  /** The position of the lowest loss. */
  readonly bottom: number;
  /**
   * The loss edge: the mean of the positions at which the loss has risen back by given shares of its fall. A share that
   * it never reaches counts as reached at the end.
   */
  readonly edge: number;
  /**
   * The position at which the loss has risen back by half of its fall, the largest share. Infinity if it never does.
   */
  readonly lost: number;
  /** The fall of the loss. It is measured from the best constant answer's loss if the sweep began above that. */
  readonly depth: number;
}

/** Reads the features of a smoothed curve `y`. */
export function featuresOf({ x, level }: Pick<Curve, 'x' | 'level'>, y: readonly number[]): Features {
  const low = minOf(y);
  const bottom = y.indexOf(low);
  const depth = level - low;
  let fall = bottom;
  while (fall > 0 && y[fall]! < level - fallShare * depth) fall--;
  const crossings = lostShares.map((share) => {
    const level = low + share * depth;
    const i = y.findIndex((value, i) => i > bottom && value > level);
    return i < 0 ? Infinity : x[i]! - ((x[i]! - x[i - 1]!) * (y[i]! - level)) / (y[i]! - y[i - 1]!);
  });
  return {
    fall: x[fall]!,
    bottom: x[bottom]!,
    edge: crossings.reduce((sum, here) => sum + Math.min(here, x.at(-1)!), 0) / crossings.length,
    lost: crossings.at(-1)!,
    depth,
  };
}

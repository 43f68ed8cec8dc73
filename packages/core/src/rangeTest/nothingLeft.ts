import { minGain } from './calibration.ts';
import type { Evidence } from './evidence.ts';

/**
 * The place of the first rate at which the loss is almost nothing in comparison with that of the best constant
 * answer. From there on the model knows a small training set by heart. Its gradients vanish, so the loss stays low at
 * any rate, and the edge may be far too high.
 *
 * @returns Infinity if some loss is always left, or the loss of the best constant answer is not known
 */
export function placeOfNothingLeft({ trace, curve: { x }, smoothed }: Evidence): number {
  const constantLoss = Math.min(trace.constantLoss, trace.sharesLoss);
  if (constantLoss === Infinity) return Infinity;
  return x[smoothed.findIndex((loss) => loss < minGain * constantLoss)] ?? Infinity;
}

/** Tells the user about this limit. */
export const nothingLeftReason = (rate: string): string =>
  `The loss is almost 0 from ${rate} on: the model knows its training data by heart, so higher rates show no harm. maxLr is at most this rate.`;

import { minGain } from './calibration.ts';
import type { Evidence } from './evidence.ts';

/**
 * The position of the first rate at which the loss is almost nothing in comparison with that of the best constant
 * answer. By then the model has memorised a small training set. Its gradients vanish, so the loss stays low at any
 * rate, and the edge may be far too high.
 *
 * Only classifiers show this. The loss of a regression may really be almost 0, and then still diverges above the edge.
 *
 * @returns Infinity if some loss is always left, or the best constant answer and its accuracy are not known
 */
export function placeOfNothingLeft({ trace, curve: { x }, smoothed }: Evidence): number {
  const constantLoss = Math.min(trace.constantLoss, trace.sharesLoss);
  if (constantLoss === Infinity || trace.sweeps[0]?.constantAnswer?.accuracy === undefined) return Infinity;
  return x[smoothed.findIndex((loss) => loss < minGain * constantLoss)] ?? Infinity;
}

/** Tells the user about this limit. */
export const nothingLeftReason = (rate: string): string =>
  `The loss is almost 0 from ${rate} on: the model has memorised its training data, so higher rates do no visible harm. maxLr is at most this rate.`;

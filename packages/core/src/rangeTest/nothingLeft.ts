import { minGain } from './calibration.ts';
import type { Evidence } from './evidence.ts';

/**
 * The place of the rate at which the loss was next to nothing for the first time, beside that of the best constant answer.
 * A small training set is learned by heart there: its gradients vanish, so that the loss stays low at any rate, and the edge
 * after it may lie far too high.
 *
 * @returns Infinity if some loss was always left, or the loss of the best constant answer is not known
 */
export function placeOfNothingLeft({ trace, curve: { x }, smoothed }: Evidence): number {
  const constantLoss = Math.min(trace.constantLoss, trace.sharesLoss);
  if (constantLoss === Infinity) return Infinity;
  return x[smoothed.findIndex((loss) => loss < minGain * constantLoss)] ?? Infinity;
}

/** What a limit by it means, for the user. */
export const nothingLeftReason = (rate: string): string =>
  `From ${rate} on next to nothing of the loss is left: the training data are learned by heart, and higher rates show no harm. So maxLr is at most that.`;

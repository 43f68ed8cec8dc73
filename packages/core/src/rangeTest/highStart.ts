import type { LoggedMetrics } from '../trainable/loggedMetrics.ts';
import { highStart, unevenClasses } from './calibration.ts';
import { showNumber } from './describe.ts';

/** Whether a loss is far above that of the best constant answer, which an untrained model has. */
export const isHigh = (loss: number, constantLoss: number): boolean => loss > highStart * constantLoss;

/** What to look at where a model starts far above the best constant answer. */
export const highAdvice =
  'Check that inputs and targets are normalised, that the initial weights are small, and that no head is left from other classes.';

/**
 * The loss of a classifier that knows the shares of its classes and nothing else, where it has them still to learn: the
 * classes are uneven, and it begins with equal chances for all. Infinity elsewhere.
 *
 * @param start - the loss before any step
 */
export function lossOfShares(constant: LoggedMetrics | undefined, start: number): number {
  const { loss, accuracy } = constant ?? {};
  if (typeof loss !== 'number') return Infinity;
  const uneven = (accuracy ?? 0) > unevenClasses.shares * Math.exp(-loss);
  return uneven && start > loss && start < unevenClasses.start * loss ? loss : Infinity;
}

/**
 * The loss of an untrained model: that of the best constant answer. Infinity where that tells nothing, because a model has to
 * learn the constant answer first.
 *
 * @param start - the loss before any step
 */
export const uninformedLoss = (constant: LoggedMetrics | undefined, start: number): number =>
  lossOfShares(constant, start) < Infinity ? Infinity : (constant?.loss ?? Infinity);

/** What a start far above the best constant answer means, for the user. */
export const highReason = (loss: number, constantLoss: number): string =>
  `The loss starts at ${showNumber(loss)}, where the same answer for every example would have ${showNumber(constantLoss)}. ${highAdvice}`;

import type { LoggedMetrics } from '../trainable/loggedMetrics.ts';
import { highStart, unevenClasses } from './calibration.ts';
import { showNumber } from './describe.ts';

/**
 * True if a loss is far above that of the best constant answer, which is the loss of an untrained model. A loss that can
 * be negative (a log likelihood of densities, say) has no such ratio.
 */
export const isHigh = (loss: number, constantLoss: number): boolean =>
  constantLoss > 0 && loss > highStart * constantLoss;

/** Advice for a model that starts far above the best constant answer. */
export const highAdvice =
  'Check that inputs and targets are normalised, that the initial weights are small, and that no head is left from other classes.';

/**
 * The loss of a classifier that knows only the class shares, if it must learn them first. That is so if the classes are
 * imbalanced and it starts with equal probabilities. Otherwise Infinity.
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
 * The loss of an untrained model: that of the best constant answer. Infinity if the model must learn the constant
 * answer first.
 *
 * @param start - the loss before any step
 */
export const uninformedLoss = (constant: LoggedMetrics | undefined, start: number): number =>
  lossOfShares(constant, start) < Infinity ? Infinity : (constant?.loss ?? Infinity);

/** Tells the user what a start far above the best constant answer means. */
export const highReason = (loss: number, constantLoss: number): string =>
  `The loss starts at ${showNumber(loss)}; the best constant answer has ${showNumber(constantLoss)}. ${highAdvice}`;

import { highStart } from './calibration.ts';
import { showNumber } from './describe.ts';

/** Whether a loss is far above that of the best constant answer, which a model that knows nothing has. */
export const isHigh = (loss: number, constantLoss: number): boolean => loss > highStart * constantLoss;

/** What to look at where a model starts far above the best constant answer. */
export const highAdvice =
  'Check that inputs and targets are normalised, that the initial weights are small, and that no head is left from other classes.';

/** What a start far above the best constant answer means, for the user. */
export const highReason = (loss: number, constantLoss: number): string =>
  `The loss starts at ${showNumber(loss)}, where the same answer for every example would have ${showNumber(constantLoss)}. ${highAdvice}`;

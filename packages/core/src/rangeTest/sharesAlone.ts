import { type Dynamics, predictEdge } from './batchSharpness.ts';
import { sharpestOf } from './calibration.ts';
import { showNumber } from './describe.ts';
import type { RangeTestTrace } from './trace.ts';

/**
 * The highest `maxLr` for a sweep that learned only the class shares. The edge that such a sweep shows is the edge of
 * the output biases. The batch sharpness predicts the edge of the weights, so the limit is the (geometric) mean of
 * the lowest edges that it predicts.
 *
 * @returns Infinity if the limit is unknown, and for plain SGD, for which single batches say too little
 */
export function highestBySharpness({ sharpness, momentum }: RangeTestTrace, dynamics: Dynamics): number {
  const known = { momentum, ...dynamics };
  if (known.updateKind === 'sgd') return Infinity;
  const rates = (sharpness ?? []).flatMap((look) => predictEdge(look.sharpness ?? 0, known)?.[0] ?? []);
  const lowest = rates.sort((a, b) => a - b).slice(0, sharpestOf);
  if (lowest.length < sharpestOf) return Infinity;
  return Math.exp(lowest.reduce((sum, lr) => sum + Math.log(lr), 0) / lowest.length);
}

/** Tells the user that the sweep learned only the class shares, and what follows from it. */
export const sharesAloneReason = (low: number, sharesLoss: number, capped: boolean): string =>
  `The range test only learned the class shares: the loss fell to ${showNumber(low)}, and predicting only these shares gives ${showNumber(sharesLoss)}. The output biases can learn them at rates that may be far too high for the weights. ${capped ? 'So maxLr is the highest that the batch sharpness allows. ' : ''}Give it more steps.`;

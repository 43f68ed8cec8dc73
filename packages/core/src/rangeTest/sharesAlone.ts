import { type Dynamics, predictEdge } from './batchSharpness.ts';
import { sharpestOf } from './calibration.ts';
import { showNumber } from './describe.ts';
import type { RangeTestTrace } from './trace.ts';

/**
 * Where a sweep learned the class shares alone, its edge is that of the output biases. The batch sharpness tells the one of the
 * weights: the highest `maxLr` is then the (geometric) mean of the lowest rates at which it puts the edge.
 *
 * @returns Infinity where it is not known, and for plain SGD, whose single batches tell too little
 */
export function highestBySharpness({ sharpness, momentum }: RangeTestTrace, dynamics: Dynamics): number {
  const known = { momentum, ...dynamics };
  if (known.updateKind === 'sgd') return Infinity;
  const rates = (sharpness ?? []).flatMap((look) => predictEdge(look.sharpness ?? 0, known)?.[0] ?? []);
  const lowest = rates.sort((a, b) => a - b).slice(0, sharpestOf);
  if (lowest.length < sharpestOf) return Infinity;
  return Math.exp(lowest.reduce((sum, lr) => sum + Math.log(lr), 0) / lowest.length);
}

/** What a sweep means that learned the class shares alone, for the user. */
export const sharesAloneReason = (low: number, sharesLoss: number, capped: boolean): string =>
  `The range test only learned the class shares: the loss came down to ${showNumber(low)}, and these alone have ${showNumber(sharesLoss)}. That is done by the output biases, at rates that may be far too high for the weights. ${capped ? 'So maxLr is the highest that the batch sharpness allows. ' : ''}Give it more steps.`;

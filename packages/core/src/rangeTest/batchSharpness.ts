import { checkOptionNames } from '../checkOptionNames.ts';
import { stepCount } from '../fields.ts';
import type { UpdateKind } from '../optimizers/updateKind.ts';
import { median } from '../statistics.ts';
import { type BatchPass, checkIterable, first, untilAborted } from '../trainable/batches.ts';
import { requireMethod } from '../trainable/requireMethod.ts';
import type { Trainable } from '../trainable/trainable.ts';
import { withContext } from '../trainable/withContext.ts';
import type { Interval } from './finding.ts';

/** The batch sharpness over several batches, and the edge that it predicts. */
export interface BatchSharpness {
  /** One value for each batch whose gradient is not 0. */
  readonly values: readonly number[];
  /** Their mean, which predicts the edge. */
  readonly mean: number;
  /** Their median. */
  readonly median: number;
  /** Their standard deviation. */
  readonly deviation: number;
  /**
   * The range of rates in which the edge should lie. For plain SGD, both of its ends are equal. `null` if the loss
   * does not curve up along the update, or the Trainable does not state its kind of update and its momentum.
   */
  readonly edgeLr: Interval | null;
}

/** The properties of an optimizer that predict the edge. */
export interface Dynamics {
  readonly updateKind?: UpdateKind | 'unknown' | undefined;
  readonly momentum?: number | undefined;
}

/**
 * Measures the batch sharpness over some batches. It predicts the loss edge from gradients, without a sweep.
 *
 * Training at a rate η keeps the curvature along its updates near the largest curvature that is stable at η. So for a
 * mean batch sharpness S and a momentum β, the edge should be
 *
 * - at `2 / S` for plain SGD;
 * - for SGD with momentum, from `2 (1 − β) / S` (small batches) to `2 (1 + β) / S` (large batches);
 * - from `2 / S` to `2 (1 + β) / ((1 − β) S)` for Adam-like optimizers, whose S is measured along their own update.
 *
 * Measure it on a model that has trained for a while at rates not far below the edge, as `rangeTest` does. On untrained
 * weights S is too low, often by a factor of ten. It takes three gradients for each batch and leaves the model
 * unchanged.
 *
 * @param batches - training batches; the first 5 are used unless `count` says otherwise
 * @throws {ClrError} if the Trainable has no `batchSharpness`, or throws
 * @see Andreyev and Beneventano, arXiv 2412.20553 (SGD); arXiv 2604.14108 (momentum); Cohen et al., arXiv 2207.14484
 *   (Adam)
 *
 * @example
 * ```ts
 * const { values, mean } = await batchSharpness(trainable, batches, { count: 2 });
 * mean === (values[0] + values[1]) / 2; // true
 * ```
 */
export async function batchSharpness<Batch>(
  trainable: Trainable<Batch>,
  batches: BatchPass<Batch>,
  options: { readonly count?: number } = {},
): Promise<BatchSharpness> {
  const { count = 5 } = checkOptionNames('clr/core', 'batchSharpness', options, ['count']);
  stepCount(count, 'count');
  checkIterable('batches', batches);
  requireMethod(trainable, 'batchSharpness');
  const values: number[] = [];
  for await (const batch of first(untilAborted(batches), count))
    values.push(await sharpnessOf(trainable, batch));
  return summarize(values, trainable);
}

/** The batch sharpness of one batch; errors say where they happened. */
export function sharpnessOf<Batch>(trainable: Trainable<Batch>, batch: Batch, where = ''): Promise<number> {
  return withContext('batchSharpness()', where, () => trainable.batchSharpness!(batch));
}

/** Statistics of the finite values, and the edge that they predict. */
export function summarize(all: readonly (number | null)[], dynamics: Dynamics): BatchSharpness {
  const values = all.filter((value): value is number => Number.isFinite(value));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return {
    values,
    mean,
    median: values.length > 0 ? median(values) : Number.NaN,
    deviation: Math.sqrt(variance),
    edgeLr: predictEdge(mean, dynamics),
  };
}

/** The range of the edge that one batch sharpness predicts. It is `null` if it predicts none. */
export function predictEdge(sharpness: number, { updateKind, momentum }: Dynamics): Interval | null {
  const beta = updateKind === 'sgd' ? 0 : momentum;
  if (!(sharpness > 0) || beta === undefined || updateKind === undefined || updateKind === 'unknown')
    return null;
  // With a constant gradient, a velocity grows to 1 / (1 − β) times the gradient. Adam's first moment does not grow.
  const gain = updateKind === 'adaptive' ? 1 - beta : 1;
  return [(2 * (1 - beta)) / gain / sharpness, (2 * (1 + beta)) / gain / sharpness];
}

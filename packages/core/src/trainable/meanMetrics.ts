import { ClrError, show } from '../errors.ts';
import { type BatchPass, checkIterable, freshPass } from './batches.ts';
import type { Metrics, MetricWeights } from './trainable.ts';

/** The metrics of one batch: numbers, or promises of them. */
export interface BatchMetrics {
  /** The number of examples in the batch, above 0. */
  readonly examples: number;
  /** The mean loss of the batch. */
  readonly loss: number | Promise<number>;
  /** The share of the batch that was classified right, in [0, 1]. */
  readonly accuracy?: number | Promise<number> | undefined;
  /** The weights of the two means, if they are not means over the examples. Default: the number of examples. */
  readonly weights?: MetricWeights | undefined;
}

/**
 * Means over all examples of several batches, each batch weighted by its size: the result of an adapter's `evaluate`.
 *
 * `loss = Σ examples · loss / Σ examples`, and likewise for the accuracy if every batch has an accuracy. A batch may
 * give other weights than its number of examples.
 *
 * @param measure - computes the metrics of a batch; it is called for the batches in order, one at a time
 * @param ahead - the number of batches that may be measured before the metrics of the first are read; default 1
 * @throws {ClrError} if there are no batches, or a batch has no examples
 *
 * @example
 * ```ts
 * const losses = [{ examples: 30, loss: 1 }, { examples: 10, loss: Promise.resolve(2) }];
 * await meanMetrics(losses, (batch) => batch); // { loss: 1.25 }
 * ```
 */
export async function meanMetrics<Batch>(
  batches: BatchPass<Batch>,
  measure: (batch: Batch) => BatchMetrics | Promise<BatchMetrics>,
  ahead = 1,
): Promise<Metrics> {
  checkIterable('batches', batches);
  let [lossWeight, accuracyWeight, loss, accuracy] = [0, 0, 0, 0];
  let classifies = true;
  const pending: Promise<readonly [weights: MetricWeights, loss: number, accuracy: number | undefined]>[] =
    [];
  const settle = async (left: number): Promise<void> => {
    while (pending.length > left) {
      const [weights, batchLoss, batchAccuracy] = await pending[0]!;
      pending.shift();
      lossWeight += weights.loss;
      loss += weights.loss * batchLoss;
      if (batchAccuracy === undefined) classifies = false;
      else {
        accuracyWeight += weights.accuracy;
        accuracy += weights.accuracy * batchAccuracy;
      }
    }
  };
  try {
    for await (const batch of batches) {
      const { examples, weights, ...metrics } = await measure(batch);
      pending.push(
        Promise.all([metrics.loss, metrics.accuracy]).then((values) => {
          const count = checkCount(examples);
          return [weights ?? { loss: count, accuracy: count }, ...values] as const;
        }),
      );
      // A rejected promise is read late: without a handler until then, Node would end the process.
      pending.at(-1)!.catch(() => {});
      await settle(ahead);
    }
    await settle(0);
  } finally {
    await Promise.allSettled(pending);
  }
  if (lossWeight === 0) {
    throw new ClrError('clr/core', {
      expected: 'at least one batch to evaluate on',
      received: 'none',
      advice: freshPass,
    });
  }
  const mean = loss / lossWeight;
  return classifies ? { loss: mean, accuracy: accuracy / accuracyWeight } : { loss: mean };
}

function checkCount(examples: number): number {
  if (Number.isFinite(examples) && examples > 0) return examples;
  throw new ClrError('clr/core', {
    expected: 'the number of examples in a batch to be above 0',
    received: `examples = ${show(examples)}`,
    advice: 'Count the entries of the first axis of the batch.',
  });
}

import type { Metrics } from '@clr/core';
import { fail } from './errors.ts';

/** The metrics of one batch, still on the device perhaps, and how many examples they are the mean of. */
export interface BatchMetrics {
  readonly examples: number;
  readonly loss: Promise<number>;
  readonly accuracy?: Promise<number>;
}

/** Means over batches, weighted by their examples. A batch is read while the next one is computed. */
export async function meanMetrics<Batch>(
  batches: Iterable<Batch> | AsyncIterable<Batch>,
  measure: (batch: Batch) => BatchMetrics,
): Promise<Metrics> {
  const sums = { examples: 0, loss: 0, accuracy: 0 as number | undefined };
  let reading: Promise<void> = Promise.resolve();
  const add = async (batch: BatchMetrics): Promise<void> => {
    const [batchLoss, batchAccuracy] = await Promise.all([batch.loss, batch.accuracy]);
    sums.examples += batch.examples;
    sums.loss += batchLoss * batch.examples;
    sums.accuracy =
      batchAccuracy === undefined ? undefined : (sums.accuracy ?? 0) + batchAccuracy * batch.examples;
  };
  try {
    for await (const batch of batches) {
      const measured = add(measure(batch));
      await reading;
      reading = measured;
    }
  } finally {
    await reading;
  }
  const { examples, loss, accuracy } = sums;
  if (examples === 0) {
    throw fail({
      expected: 'at least one batch to evaluate on',
      received: 'none',
      advice: 'An iterator that was used up gives none: pass an array or another thing that starts anew.',
    });
  }
  return { loss: loss / examples, ...(accuracy !== undefined && { accuracy: accuracy / examples }) };
}

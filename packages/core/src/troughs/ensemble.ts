import { type BatchPass, checkPass, untilAborted } from '../trainable/batches.ts';
import { inOtherStates } from '../trainable/inOtherStates.ts';
import { meanMetrics } from '../trainable/meanMetrics.ts';
import { requireMethod } from '../trainable/requireMethod.ts';
import type { Metrics, Prediction, Snapshot, Trainable } from '../trainable/trainable.ts';
import { withContext } from '../trainable/withContext.ts';

/** Several states of one model whose outputs are averaged. */
export interface Ensemble<Batch> {
  /** For each batch the mean of the members' outputs, example after example. */
  predict(batches: BatchPass<Batch>): Promise<Float32Array[]>;
  /** The metrics of the mean outputs: means over all examples. */
  evaluate(batches: BatchPass<Batch>): Promise<Metrics>;
}

/**
 * A snapshot ensemble: averages the outputs (probabilities if the model classifies) of the states of one run's troughs.
 * Each call restores the members one after the other, and then the model's original state.
 *
 * @param batches - read once for each member, so an iterable must start again each time
 * @throws {ClrError} if the trainable cannot predict, or throws
 * @see Huang et al., Snapshot Ensembles: Train 1, Get M for Free, arXiv 1704.00109
 *
 * @example
 * ```ts
 * const one = await trainable.snapshot();
 * await train(trainable, batches, { policy: constant({ lr: 0.1 }), steps: 50 });
 * const both = ensemble(trainable, [one, await trainable.snapshot()]);
 * const [outputs] = await both.predict(batches); // the mean of both states' outputs for the first batch
 * outputs.length; // 1
 * ```
 */
export function ensemble<Batch>(trainable: Trainable<Batch>, members: readonly Snapshot[]): Ensemble<Batch> {
  requireMethod(trainable, 'predictBatch', members.length);
  /** The last member's predictions, with the mean of all members' outputs in place of its own. */
  const predictions = async (batches: BatchPass<Batch>): Promise<Prediction[]> => {
    checkPass('batches', batches);
    return inOtherStates(trainable, async () => {
      let all: Prediction[] = [];
      for (const [index, member] of members.entries()) {
        const means = all;
        all = [];
        await withContext('predicting', `by member ${index} of an ensemble`, async () => {
          await trainable.restore(member);
          for await (const batch of untilAborted(batches)) {
            const prediction = await trainable.predictBatch!(batch);
            const mean = means[all.length]?.outputs;
            all.push({
              ...prediction,
              outputs: prediction.outputs.map((value, i) =>
                mean ? mean[i]! + (value - mean[i]!) / (index + 1) : value,
              ),
            });
          }
        });
      }
      return all;
    });
  };
  return {
    predict: async (batches) => (await predictions(batches)).map(({ outputs }) => outputs),
    evaluate: async (batches) =>
      meanMetrics(await predictions(batches), async ({ outputs, examples, weights, score }) => ({
        examples,
        weights,
        ...(await score(outputs)),
      })),
  };
}

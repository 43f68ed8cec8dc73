import { type BatchPass, checkIterable, untilAborted } from '../trainable/batches.ts';
import { inOtherStates } from '../trainable/inOtherStates.ts';
import { requireMethod } from '../trainable/requireMethod.ts';
import type { Snapshot, Trainable } from '../trainable/trainable.ts';
import { withContext } from '../trainable/withContext.ts';
import { averagingWeights } from './averagingWeights.ts';

/**
 * Stochastic weight averaging: makes one state whose weights are the means of the weights in several snapshots, such as
 * the snapshots at the last troughs. The running statistics (batch normalization) that fit the averaged weights differ
 * from the average of the statistics. Pass a few hundred training batches to measure them again. The model does not
 * change.
 *
 * @param snapshots - snapshots of this trainable, at least one; the optimizer's state comes from the last
 * @param batches - one pass over training data
 * @param weights - the weight of each snapshot: numbers of at least 0, in any scale; default: all equal
 * @throws {ClrError} if the trainable cannot average, or throws, or if a weight or `batches` is bad
 * @see Izmailov et al., Averaging Weights Leads to Wider Optima, arXiv 1803.05407
 *
 * @example
 * ```ts
 * const snapshots = [];
 * const policy = triangular({ baseLr: 0.01, maxLr: 0.1, stepSize: 5 });
 * const onCycleEnd = async ({ snapshot }) => snapshots.push(await snapshot());
 * await train(trainable, batches, { policy, steps: 30, onCycleEnd });
 * const mean = await averageWeights(trainable, snapshots, batches);
 * mean.w === (snapshots[0].w + snapshots[1].w + snapshots[2].w) / 3; // true
 * ```
 */
export async function averageWeights<Batch>(
  trainable: Trainable<Batch>,
  snapshots: readonly Snapshot[],
  batches?: BatchPass<Batch>,
  weights?: readonly number[],
): Promise<Snapshot> {
  requireMethod(trainable, 'average', snapshots.length);
  if (weights) averagingWeights(snapshots, weights);
  if (batches !== undefined) checkIterable('batches', batches);
  const where = `of ${snapshots.length} snapshots`;
  const mean = await withContext('average()', where, async () => trainable.average!(snapshots, weights));
  if (!batches || !trainable.renewStatistics) return mean;
  return inOtherStates(trainable, async () => {
    await withContext('measuring statistics again', where, async () => {
      await trainable.restore(mean);
      for await (const batch of untilAborted(batches)) await trainable.renewStatistics!(batch);
    });
    return trainable.snapshot();
  });
}

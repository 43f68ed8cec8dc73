import { first, passOf, untilAborted } from '../trainable/batches.ts';
import type { Checkpoint } from '../trainable/checkpoint.ts';
import { inOtherStates } from '../trainable/inOtherStates.ts';
import { evaluateLogged } from '../trainable/loggedMetrics.ts';
import { comparable } from '../trainable/metrics.ts';
import type { Metrics, Snapshot } from '../trainable/trainable.ts';
import { averageWeights } from '../troughs/averageWeights.ts';
import { ensemble } from '../troughs/ensemble.ts';
import type { TroughCombination } from './autoClrResult.ts';
import type { Session } from './session.ts';

/** The most batches used to re-estimate the running statistics of an average. */
const maxBatches = 100;

/** Evaluates the average of troughs and passes it to `keep`. Undefined after an abort, or if its loss is not finite. */
export async function averageTroughs<Batch>(
  { trainable, batches, options }: Session<Batch>,
  troughs: readonly Checkpoint[],
  keep: (metrics: Metrics, snapshot: Snapshot) => void,
): Promise<TroughCombination | undefined> {
  const { validation, signal } = options;
  const some = untilAborted(first(passOf(batches, 0), maxBatches), signal);
  const average = await averageWeights(
    trainable,
    troughs.map(({ snapshot }) => snapshot),
    some,
  );
  const measured = await inOtherStates(trainable, async () => {
    await trainable.restore(average);
    return evaluateLogged(trainable, validation!, 'on the average', signal);
  });
  const metrics = measured && comparable(measured);
  if (!metrics || signal?.aborted) return undefined;
  keep(metrics, average);
  return { ...metrics, troughs };
}

/** Evaluates troughs as one ensemble. Undefined after an abort. */
export async function joinTroughs<Batch>(
  { trainable, options }: Session<Batch>,
  troughs: readonly Checkpoint[],
): Promise<TroughCombination | undefined> {
  const { validation, signal } = options;
  const all = { [Symbol.asyncIterator]: () => untilAborted(validation!, signal) };
  const joint = ensemble(
    trainable,
    troughs.map(({ snapshot }) => snapshot),
  );
  try {
    const metrics = await joint.evaluate(all);
    return signal?.aborted ? undefined : { ...metrics, troughs };
  } catch (error) {
    // An interrupted evaluation saw too few batches, or none.
    if (signal?.aborted) return undefined;
    throw error;
  }
}

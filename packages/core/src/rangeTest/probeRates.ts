import type { Schedule } from '../schedule.ts';
import type { StepRange } from '../train/runSteps.ts';
import type { AbortSignalLike } from '../trainable/abortSignal.ts';
import type { BatchPass } from '../trainable/batches.ts';
import { evaluateLogged, toLogged } from '../trainable/loggedMetrics.ts';
import type { TrainingStep } from '../trainable/run.ts';
import type { Snapshot, Trainable } from '../trainable/trainable.ts';
import { withContext } from '../trainable/withContext.ts';

/** The inputs of probing. */
export interface Probes<Batch> {
  /** The state that every rate starts from. */
  readonly snapshot: Snapshot;
  /** The batches that every rate trains on, one update each. */
  readonly batches: readonly Batch[];
  /** The batches to evaluate on after each rate. */
  readonly held: BatchPass<Batch>;
}

/**
 * Tries each rate separately: a few updates from the same state on the same batches, then an evaluation. Unlike in a
 * sweep, no rate suffers from earlier ones. All rates see the same batches, so their losses differ only because of the
 * rate. The lowest rates hardly change the model.
 */
export async function* probeRates<Batch>(
  trainable: Trainable<Batch>,
  { snapshot, batches, held }: Probes<Batch>,
  schedule: Schedule,
  { from, to, stop, signal }: StepRange & { readonly signal: AbortSignalLike | undefined },
): AsyncGenerator<TrainingStep> {
  for (let step = from; step < to && !stop(); step++) {
    const lr = schedule.lr(step);
    const at = `at rate ${lr.toPrecision(3)}`;
    await withContext('restore()', at, () => trainable.restore(snapshot));
    for (const batch of batches) {
      await withContext('trainStep()', at, async () => {
        const { loss, accuracy } = await trainable.trainStep(batch, { lr });
        const metrics = await Promise.all([loss, accuracy]);
        toLogged(...metrics, at); // Throws if a metric is not a number.
      });
    }
    const metrics = await evaluateLogged(trainable, held, at, signal);
    if (metrics) yield { step, lr, ...metrics };
  }
}

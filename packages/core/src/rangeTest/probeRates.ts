import type { Schedule } from '../schedule.ts';
import type { TrainingStep } from '../train/run.ts';
import { metric, type Span } from '../train/runSteps.ts';
import type { Snapshot, Trainable } from '../train/trainable.ts';

/** What the probes stand on. */
export interface Probes<Batch> {
  /** The state that every rate starts from. */
  readonly snapshot: Snapshot;
  /** The batches that every rate trains on, one update each. */
  readonly batches: readonly Batch[];
  /** What is evaluated afterwards. */
  readonly held: Iterable<Batch> | AsyncIterable<Batch>;
}

/**
 * Tries each rate by itself: from the same state, a few updates on the same batches, then an evaluation. No
 * rate suffers from the ones before it, as it does in a sweep; and since all see the same batches, their
 * losses differ by the rate alone. The lowest rates hardly move: they are the control.
 */
export async function* probeRates<Batch>(
  trainable: Trainable<Batch>,
  { snapshot, batches, held }: Probes<Batch>,
  schedule: Schedule,
  { from, to, stop }: Span,
): AsyncGenerator<TrainingStep> {
  for (let step = from; step < to && !stop(); step++) {
    await trainable.restore(snapshot);
    const lr = schedule.lr(step);
    for (const batch of batches) {
      const { loss, accuracy } = await trainable.trainStep(batch, { lr });
      await Promise.all([loss, accuracy]);
    }
    const { loss, accuracy } = await trainable.evaluate(held);
    const point = { step, lr, loss: metric('loss', loss, step) };
    yield accuracy === undefined ? point : { ...point, accuracy: metric('accuracy', accuracy, step) };
  }
}

import { coarseSweep } from '../rangeTest/calibration.ts';
import type { Snapshot, StepResult, Trainable } from '../trainable/trainable.ts';
import { withContext } from '../trainable/withContext.ts';

/** A state in which a sweep left the model, before the step at a rate. */
export interface Passed {
  readonly lr: number;
  readonly snapshot: Snapshot;
}

/**
 * The rates before which a state is kept, relative to the `maxLr` of the coarse sweep. Chosen: in most runs the `maxLr` of the
 * fine sweep is between a third of it and three times it, and each state is a copy of the model.
 */
const shares = [0.3, 0.7, 1.5] as const;

/**
 * Wraps a model and keeps its states while the fine sweep of a range test rises to `maxLr`. A sweep up to there is a warm-up,
 * from which training can continue. The fine sweep is recognised by its start: it is below the end of an earlier sweep,
 * at a fixed share of the edge that this sweep found.
 *
 * @param below - the distance from the edge down to `maxLr`, in decades
 */
export function keepOnTheWay<Batch>(
  trainable: Trainable<Batch>,
  below: number,
): { readonly trainable: Trainable<Batch>; readonly passed: readonly Passed[] } {
  const passed: Passed[] = [];
  let rates: number[] = [];
  let last = 0;
  const running: StepResult[] = [];
  return {
    passed,
    trainable: {
      ...trainable,
      async trainStep(batch, hyper) {
        const { lr } = hyper;
        if (lr < last) {
          const maxLr = lr * coarseSweep.below * 10 ** -below;
          rates = shares.map((share) => share * maxLr);
        }
        last = lr;
        if (lr >= (rates[0] ?? Infinity)) {
          rates = rates.filter((rate) => rate > lr);
          // No step may be in flight while a state is copied.
          await Promise.allSettled(running.flatMap(({ loss, accuracy }) => [loss, accuracy]));
          const snapshot = await withContext('snapshot()', 'on the way', () => trainable.snapshot());
          passed.push({ lr, snapshot });
        }
        const result = await trainable.trainStep(batch, hyper);
        running.splice(0, running.length - 20);
        running.push(result);
        return result;
      },
    },
  };
}

import { coarseSweep } from '../rangeTest/calibration.ts';
import type { Snapshot, StepResult, Trainable } from '../trainable/trainable.ts';
import { withContext } from '../trainable/withContext.ts';

/** A state of the model during a sweep, before the step at the rate `lr`. */
export interface Passed {
  readonly lr: number;
  readonly snapshot: Snapshot;
}

/**
 * The rates before which a state is kept, relative to the `maxLr` of the coarse sweep. Chosen: in most runs the `maxLr`
 * of the fine sweep is between a third of that rate and three times that rate. Only three, because each state is a copy
 * of the model.
 */
const shares = [0.3, 0.7, 1.5] as const;

/**
 * Wraps a model and keeps its states while the fine sweep of a range test rises to `maxLr`. A sweep up to there is a
 * warm-up, from which training can continue. A fall of the rate shows that the fine sweep begins. Its first rate is a
 * fixed share of the edge that the coarse sweep found, so `maxLr` follows from it.
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
          const snapshot = await withContext('snapshot()', 'in a sweep', () => trainable.snapshot());
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

import { coarseSweep } from '../rangeTest/calibration.ts';
import type { Snapshot, StepResult, Trainable } from '../trainable/trainable.ts';
import { withContext } from '../trainable/withContext.ts';

/** A state of the model during a sweep, before the step at the rate `lr`. */
export interface Passed {
  readonly lr: number;
  readonly snapshot: Snapshot;
}

/**
 * A state is kept before each of these rates, which are given as multiples of the coarse sweep's `maxLr`. In most runs
 * the fine sweep's `maxLr` is between a third of the coarse sweep's and three times as much, so at least one of these
 * rates is at or below it. There are only three, because each state is a copy of the model.
 */
const shares = [0.3, 0.7, 1.5] as const;

/**
 * Wraps a model and keeps its states while the fine sweep of a range test rises to `maxLr`. A sweep up to `maxLr` is
 * a warm-up, from which training can continue. When the rate falls, the fine sweep begins. Its first rate is a fixed
 * share of the edge that the coarse sweep found, so `maxLr` can be computed from that rate. If the coarse sweep learned
 * only the class shares, the fine sweep begins at a third of that rate. The states are then kept at lower rates, which
 * is safer, because the edge is less certain.
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

import { coarseSweep } from '../rangeTest/calibration.ts';
import { attempt } from '../trainable/attempt.ts';
import type { Snapshot, StepResult, Trainable } from '../trainable/trainable.ts';

/** A state in which a sweep left the model, before the step at a rate. */
export interface Passed {
  readonly lr: number;
  readonly snapshot: Snapshot;
}

/**
 * The rates before which a state is kept, as shares of the `maxLr` that the coarse sweep tells. Chosen: the fine sweep's own
 * `maxLr` lies from a third to three times that one in most runs, and each state is a copy of the model.
 */
const shares = [0.3, 0.7, 1.5] as const;

/**
 * The same model, with the states kept that the fine sweep of a range test passes through on its way to `maxLr`: a sweep up to
 * there is a warm-up, from which a training can go on. The fine sweep is the one that begins below where another ended, at
 * a known share of the edge that this one saw.
 *
 * @param below - how far below the edge `maxLr` lies, in decades
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
          const snapshot = await attempt('snapshot()', 'on the way', () => trainable.snapshot());
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

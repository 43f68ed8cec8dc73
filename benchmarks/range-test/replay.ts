import { type RangeTestTrace, rangeTest, type Trainable } from '@clr/core';
import type { StoredSweep } from './store.ts';
import { linearSweep, sweeps } from './sweeps.ts';

/**
 * The trace that core's `rangeTest` makes of a stored sweep: core drives it and decides where to stop, the
 * losses are the stored ones.
 */
export async function replay(stored: StoredSweep): Promise<RangeTestTrace> {
  const { startLr, endLr, steps, spacing } =
    stored.sweep === 'linear' ? linearSweep(stored.endLr!) : sweeps[stored.sweep];
  let step = 0;
  const recording: Trainable<null> = {
    trainStep: () => {
      const [loss, accuracy] = [stored.loss[step], stored.accuracy[step]];
      step++;
      return { loss: loss ?? Number.NaN, accuracy: accuracy ?? Number.NaN };
    },
    evaluate: async () => ({ loss: Number.NaN }),
    snapshot: async () => ({}),
    restore: async () => {},
    dispose: () => {},
  };
  return rangeTest(recording, endless(), { startLr, endLr, steps, spacing });
}

function endless(): Iterable<null> {
  return {
    *[Symbol.iterator]() {
      for (;;) yield null;
    },
  };
}

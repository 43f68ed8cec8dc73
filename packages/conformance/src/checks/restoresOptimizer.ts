import { sameBits } from '../assert.ts';
import type { TrainableCheck } from '../check.ts';
import { richest, steps, withModel } from '../model.ts';

/** Steps repeated after a restore give the same bits, because optimizer slots and counters are part of the state. */
export const restoresOptimizer: TrainableCheck = {
  name: 'restores the optimizer with the weights',
  async run(subject) {
    await withModel(richest(subject), async (model) => {
      await steps(model, subject, 0, 3);
      const snapshot = await model.trainable.snapshot();
      const first = await steps(model, subject, 3, 7);
      await model.trainable.restore(snapshot);
      const second = await steps(model, subject, 3, 7);
      sameBits(
        second,
        first,
        'the steps after a restore to repeat those after the snapshot',
        'Include the optimizer’s slots and counters in the snapshot.',
      );
    });
  },
};

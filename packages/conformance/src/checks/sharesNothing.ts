import { sameBits } from '../assert.ts';
import type { TrainableCheck } from '../check.ts';
import { richest, steps, withModel } from '../model.ts';

/** Two models share nothing, and disposing of one does not affect the other. */
export const sharesNothing: TrainableCheck = {
  name: 'shares nothing with another model',
  async run(subject) {
    const alone = await withModel(richest(subject), (model) => steps(model, subject, 0, 4));
    await withModel(richest(subject), async (model) => {
      await steps(model, subject, 0, 2);
      await withModel(richest(subject), (other) => steps(other, subject, 1, 3));
      const said = 'a model to train as if the other did not exist, even after the other’s dispose()';
      sameBits(await steps(model, subject, 2, 4), alone, said, 'Keep all state in the instance.');
    });
  },
};

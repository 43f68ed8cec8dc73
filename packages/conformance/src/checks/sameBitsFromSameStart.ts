import { sameBits } from '../assert.ts';
import type { TrainableCheck } from '../check.ts';
import { richest, steps, withModel } from '../model.ts';

/**
 * The subject is suitable for the other checks: it starts from the same weights, and the same steps lead to the same
 * weights.
 */
export const sameBitsFromSameStart: TrainableCheck = {
  name: 'gives the same bits from the same start',
  async run(subject) {
    const run = () =>
      withModel(richest(subject), async (model) => [
        await model.weights(),
        await steps(model, subject, 0, 4),
      ]);
    const [start, end] = await run();
    const [startAgain, endAgain] = await run();
    sameBits(startAgain!, start!, 'create() to start from the same weights every time', 'Seed the weights.');
    sameBits(
      endAgain!,
      end!,
      'the same four steps to end with the same weights',
      'Remove all randomness from the model.',
    );
  },
};

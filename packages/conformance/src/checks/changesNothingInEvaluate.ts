import { sameBits } from '../assert.ts';
import type { TrainableCheck } from '../check.ts';
import { richest, steps, withModel } from '../model.ts';

/** Evaluation changes neither the weights nor any later step. */
export const changesNothingInEvaluate: TrainableCheck = {
  name: 'changes nothing in evaluate',
  async run(subject) {
    const undisturbed = await withModel(richest(subject), (model) => steps(model, subject, 0, 5));
    await withModel(richest(subject), async (model) => {
      const before = await steps(model, subject, 0, 2);
      await model.trainable.evaluate(subject.batches);
      sameBits(await model.weights(), before, 'evaluate() to change no weight', 'Run only the forward pass.');
      const after = await steps(model, subject, 2, 5);
      sameBits(
        after,
        undisturbed,
        'the steps after evaluate() to be the same as without it',
        'Do not touch the optimizer.',
      );
    });
  },
};

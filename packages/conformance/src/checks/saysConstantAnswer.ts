import { fail, sameBits } from '../assert.ts';
import type { TrainableCheck } from '../check.ts';
import { batchOf, plain, rateOf, step, withModel } from '../model.ts';

/**
 * A model that gets the same inputs for every example can only learn a constant answer. Its metrics must end close to
 * those of `constantAnswer`.
 */
export const saysConstantAnswer: TrainableCheck = {
  name: 'says what the best constant answer achieves',
  skip: ({ optional, blank }) => {
    if (!optional?.includes('constantAnswer'))
      return 'constantAnswer() is not among the subject’s optional methods';
    return blank ? undefined : 'the subject has no blank() to make a model learn a constant answer';
  },
  async run(subject) {
    await withModel(plain(subject), async (model) => {
      const { trainable } = model;
      const before = await model.weights();
      const said = await trainable.constantAnswer?.(subject.batches);
      if (!said) {
        throw fail('a constant answer', String(said), 'Remove constantAnswer from the subject’s list.');
      }
      sameBits(
        await model.weights(),
        before,
        'constantAnswer() to leave the weights unchanged',
        'Read the targets only.',
      );
      const blank = { ...subject, batches: subject.batches.map(subject.blank!) };
      for (let at = 0; at < 300; at++) {
        const lr = rateOf(subject) * (at < 150 ? 1 : 0.1);
        await step(model, batchOf(blank, at), { lr });
      }
      const learned = await trainable.evaluate(blank.batches);
      const advice =
        'Let constantAnswer() of @clr/core compute it from the targets, with the loss of trainStep().';
      // The learned constant is close to the best one, and cannot be better.
      const loss = learned.loss / said.loss;
      if (!(loss > 0.999 && loss < 1.05)) {
        throw fail(
          `a model trained on constant inputs to reach the loss of constantAnswer(), ${said.loss}`,
          `${learned.loss}`,
          advice,
        );
      }
      const off = (said.accuracy ?? 0) - (learned.accuracy ?? 0);
      if (said.accuracy !== undefined && !(off > -1e-6 && off < 0.15)) {
        throw fail(
          `a model trained on constant inputs to reach the accuracy of constantAnswer(), ${said.accuracy}`,
          `${learned.accuracy}`,
          advice,
        );
      }
    });
  },
};

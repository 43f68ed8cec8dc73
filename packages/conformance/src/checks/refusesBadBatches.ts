import { sameBits } from '../assert.ts';
import type { TrainableCheck } from '../check.ts';
import { hyperparameters, refusal, richest, step, steps, withModel } from '../model.ts';

/** A bad batch is refused with a helpful message before anything changes. */
export const refusesBadBatches: TrainableCheck = {
  name: 'refuses a bad batch and stays unchanged',
  skip: ({ badBatches }) =>
    Object.keys(badBatches).length > 0 ? undefined : 'the subject has no bad batches',
  async run(subject) {
    const undisturbed = await withModel(richest(subject), (model) => steps(model, subject, 0, 4));
    await withModel(richest(subject), async (model) => {
      const before = await steps(model, subject, 0, 2);
      for (const [name, batch] of Object.entries(subject.badBatches)) {
        const advice = 'Check the batch at the start of trainStep, and throw a ClrError.';
        await refusal(name, advice, () => step(model, batch as never, hyperparameters(subject, 0)));
        sameBits(await model.weights(), before, `the weights to be unchanged after ${name}`, advice);
      }
      const said = 'the steps after bad batches to be the same as without them';
      sameBits(
        await steps(model, subject, 2, 4),
        undisturbed,
        said,
        'Do not change slots or counters before the check.',
      );
    });
  },
};

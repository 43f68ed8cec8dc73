import { notSameBits, sameBits } from '../assert.ts';
import type { TrainableCheck } from '../check.ts';
import { batchOf, plain, rateOf, step, withModel } from '../model.ts';
import type { Weights } from '../subject.ts';

/** Step `k` uses the rate of step `k`: neither that of the step before nor the initial rate. */
export const usesCurrentRate: TrainableCheck = {
  name: 'uses the rate of the current step',
  async run(subject) {
    const rate = rateOf(subject);
    await withModel(plain(subject), async (model) => {
      let before: Weights = await model.weights();
      for (const [index, lr] of [0, rate, 0, 0, rate / 2, 0].entries()) {
        await step(model, batchOf(subject, index), { lr });
        const after = await model.weights();
        const said = `step ${index} of steps with the rates 0, r, 0, 0, r/2, 0`;
        if (lr === 0)
          sameBits(
            after,
            before,
            `${said} to change no weight`,
            'Set the rate before the update, not after.',
          );
        else
          notSameBits(
            after,
            before,
            `${said} to change the weights`,
            'Set the rate before the update, not after.',
          );
        before = after;
      }
    });
  },
};

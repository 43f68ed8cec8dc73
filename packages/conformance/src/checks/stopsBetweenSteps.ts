import { constant, train } from '@clr/core';
import { fail, sameBits } from '../assert.ts';
import type { TrainableCheck } from '../check.ts';
import { batchOf, plain, rateOf, step, withModel } from '../model.ts';

/** An aborted run has taken exactly the steps in its record. */
export const stopsBetweenSteps: TrainableCheck = {
  name: 'stops between two steps when aborted',
  async run(subject) {
    const lr = rateOf(subject);
    const signal = { aborted: false };
    await withModel(plain(subject), async (model) => {
      const record = await train(model.trainable, subject.batches, {
        policy: constant({ lr }),
        steps: 60,
        signal,
        onStep: () => {
          signal.aborted = true;
        },
      });
      if (record.stopped?.reason !== 'aborted' || record.step >= 60) {
        throw fail(
          'the run to stop when aborted',
          `a run of ${record.step} steps`,
          'Return from trainStep at once.',
        );
      }
      const weights = await model.weights();
      const byHand = await withModel(plain(subject), async (other) => {
        for (let at = 0; at < record.step; at++) await step(other, batchOf(subject, at), { lr });
        return other.weights();
      });
      const said = `an aborted run of ${record.step} steps to end with the weights of as many calls of trainStep`;
      sameBits(weights, byHand, said, 'Take exactly one update in each trainStep.');
    });
  },
};

import { averageWeights } from '@clr/core';
import { close, fail, flatten, sameBits } from '../assert.ts';
import type { TrainableCheck } from '../check.ts';
import { batchOf, richest, steps, withModel } from '../model.ts';

/**
 * The average of snapshots has the mean of their weights and the slots of the last one. Computing it does not change
 * the model.
 */
export const averagesSnapshots: TrainableCheck = {
  name: 'averages the weights of snapshots',
  skip: ({ optional }) =>
    optional?.includes('average') ? undefined : 'average() is not among the subject’s optional methods',
  async run(subject) {
    await withModel(richest(subject), async (model) => {
      const { trainable } = model;
      if (!trainable.average)
        throw fail('a Trainable with average()', 'none', 'Remove it from the subject’s list.');
      const first = await model.weights();
      const early = await trainable.snapshot();
      const second = await steps(model, subject, 0, 3);
      const late = await trainable.snapshot();
      const third = await steps(model, subject, 3, 6);
      const mean = await averageWeights(trainable, [early, late], [batchOf(subject, 0)]);
      const weighed = await averageWeights(trainable, [early, late], [batchOf(subject, 0)], [3, 1]);
      const alone = await averageWeights(trainable, [late, late], [batchOf(subject, 0)]);
      const said = 'averageWeights() to leave the model unchanged';
      sameBits(await model.weights(), third, said, 'Make a new state; do not change the model.');
      const [a, b] = [flatten(first), flatten(second)];
      for (const [state, share, what, advice] of [
        [mean, 1 / 2, 'the weights of an average to be means', 'Weigh all snapshots alike.'],
        [
          weighed,
          1 / 4,
          'an average with weights 3 and 1 to lie a quarter of the way from the first snapshot to the second',
          'Use the weights that are passed to average(); averagingWeights() of @clr/core reads them.',
        ],
      ] as const) {
        await trainable.restore(state);
        const wanted = a.map((value, at) => value + share * (b[at]! - value));
        close(flatten(await model.weights()), wanted, 1e-5, what, advice);
      }
      await trainable.restore(alone);
      sameBits(
        await steps(model, subject, 3, 6),
        third,
        'the average of a state with itself to continue like that state',
        'Take slots and counters from the last snapshot.',
      );
      await trainable.restore(early);
      const kept = 'a snapshot that was averaged to be unchanged';
      sameBits(await model.weights(), first, kept, 'Do not write into a snapshot.');
    });
  },
};

import { rangeTest } from '@clr/core';
import { fail } from '../assert.ts';
import type { TrainableCheck } from '../check.ts';
import { batchOf, rateOf, richest, steps, withModel } from '../model.ts';
import type { Subject, TestModel } from '../subject.ts';

/** The number of live resources does not grow during training, and returns to its initial value after `dispose()`. */
export const leaksNothing: TrainableCheck = {
  name: 'leaks nothing',
  skip: (subject) => (subject.liveResources ? undefined : 'the subject does not count live resources'),
  async run<Batch>(subject: Subject<Batch>) {
    const live = async () => (await subject.liveResources?.()) ?? 0;
    const round = async (model: TestModel<Batch>) => {
      await steps(model, subject, 0, 3);
      await model.trainable.evaluate([batchOf(subject, 0)]);
      await model.trainable.restore(await model.trainable.snapshot());
      const options = { startLr: rateOf(subject) / 10, endLr: rateOf(subject), steps: 3 };
      await rangeTest(model.trainable, subject.batches, options);
    };
    const initial = await live();
    await withModel(richest(subject), async (model) => {
      // The first round may fill caches. A pool of buffers may still grow later, if more reads overlap than before. A
      // leak grows in every round.
      await round(model);
      let before = await live();
      for (let tries = 3; tries > 0; tries--) {
        for (let again = 0; again < 3; again++) await round(model);
        const after = await live();
        if (after <= before) return;
        if (tries === 1) {
          throw fail(
            `${before} live resources after three more rounds of steps, evaluation, snapshot and range test`,
            `${after}`,
            'Free the resources of each call; a snapshot must not hold any.',
          );
        }
        before = after;
      }
    });
    const end = await live();
    if (end > initial)
      throw fail(
        `${initial} live resources after dispose(), as before create()`,
        `${end}`,
        'Free all resources in dispose().',
      );
  },
};

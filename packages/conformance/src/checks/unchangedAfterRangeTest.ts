import { type RangeTestOptions, rangeTest } from '@clr/core';
import { fail, sameBits } from '../assert.ts';
import type { TrainableCheck } from '../check.ts';
import { batchOf, rateOf, richest, steps, withModel } from '../model.ts';
import type { Subject } from '../subject.ts';

/** However a range test ends, the model and its optimizer are unchanged. */
export const unchangedAfterRangeTest: TrainableCheck = {
  name: 'is unchanged after a range test, however the test ends',
  async run<Batch>(subject: Subject<Batch>) {
    const rate = rateOf(subject);
    const thrown = new Error('thrown by a callback');
    const signal = { aborted: false };
    const abort = () => {
      signal.aborted = true;
    };
    const endings: Record<string, RangeTestOptions<Batch>> = {
      'at its last step': { startLr: rate / 100, endLr: rate, steps: 10 },
      'in divergence': { startLr: rate, endLr: 1e37, steps: 40 },
      'by an abort': {
        startLr: rate / 100,
        endLr: rate,
        steps: 30,
        signal,
        onStep: abort,
      },
      'with an error in a callback': {
        startLr: rate / 100,
        endLr: rate,
        steps: 10,
        onStep: ({ step }) => {
          if (step === 5) throw thrown;
        },
      },
    };
    const undisturbed = await withModel(richest(subject), (model) => steps(model, subject, 0, 6));
    await withModel(richest(subject), async (model) => {
      const before = await steps(model, subject, 0, 3);
      for (const [ending, options] of Object.entries(endings)) {
        try {
          const all = { ...options, validation: [batchOf(subject, 0)] };
          await rangeTest(model.trainable, subject.batches, all);
        } catch (error) {
          if (error !== thrown) throw error;
        }
        const said = `a range test that ends ${ending} to leave the weights unchanged`;
        sameBits(await model.weights(), before, said, 'Restore every weight in restore().');
      }
      if (!signal.aborted) throw fail('onStep to be called', 'no call', 'Use core’s rangeTest unchanged.');
      const said = 'the steps after range tests to be the same as without them';
      sameBits(
        await steps(model, subject, 3, 6),
        undisturbed,
        said,
        'Restore slots and counters in restore().',
      );
    });
  },
};

import { close, fail } from '../assert.ts';
import type { TrainableCheck } from '../check.ts';
import { batchOf, plain, rateOf, step, withModel } from '../model.ts';

/** `trainStep` returns numbers, or promises of them: the batch's mean loss and accuracy before the update. */
export const metricsBeforeUpdate: TrainableCheck = {
  name: 'returns the metrics of the batch before the update',
  async run(subject) {
    await withModel(plain(subject), async (model) => {
      for (let index = 0; index < 3; index++) {
        const batch = batchOf(subject, index);
        const before = await model.trainable.evaluate([batch]);
        const result = await step(model, batch, { lr: rateOf(subject) });
        for (const [name, value] of Object.entries(result)) {
          if (typeof value !== 'number') {
            throw fail(
              `${name} to be a number or a promise of one`,
              `a ${typeof value}`,
              'Read the scalar from its tensor.',
            );
          }
        }
        const said = 'trainStep to return the loss that evaluate returned just before';
        const advice = 'Return the loss of the weights before the update, as a mean over the batch.';
        close([result.loss], [before.loss], 1e-4 * (1 + Math.abs(before.loss)), said, advice);
        if (result.accuracy !== undefined && before.accuracy !== undefined) {
          const same = 'trainStep to return the accuracy that evaluate returned just before';
          close(
            [result.accuracy],
            [before.accuracy],
            1e-6,
            same,
            'Return the share of correctly classified examples, in [0, 1].',
          );
        }
      }
    });
  },
};

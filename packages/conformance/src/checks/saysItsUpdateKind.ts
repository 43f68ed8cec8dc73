import { fail } from '../assert.ts';
import type { TrainableCheck } from '../check.ts';
import { plain, withModel } from '../model.ts';

/** What the range test goes by is true: the plain model's optimizer is SGD, where the adapter says anything. */
export const saysItsUpdateKind: TrainableCheck = {
  name: 'says what kind of update it makes, or nothing',
  async run(subject) {
    await withModel(plain(subject), async ({ trainable: { updateKind } }) => {
      if (updateKind !== undefined && updateKind !== 'sgd') {
        throw fail(
          "updateKind of plain SGD to be 'sgd', or absent",
          `updateKind = ${updateKind}`,
          "Take updateKindOf(optimizer) from @clr/core, or say 'sgd', 'momentum' or 'adaptive'.",
        );
      }
    });
  },
};

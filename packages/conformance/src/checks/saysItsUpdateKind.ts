import { fail } from '../assert.ts';
import type { TrainableCheck } from '../check.ts';
import { plain, withModel } from '../model.ts';

/**
 * The declared kind of update, which the range test uses, is right: the plain model's optimizer must be SGD, if
 * declared.
 */
export const saysItsUpdateKind: TrainableCheck = {
  name: 'says what kind of update it makes, or nothing',
  async run(subject) {
    await withModel(plain(subject), async ({ trainable: { updateKind } }) => {
      if (updateKind !== undefined && updateKind !== 'sgd') {
        throw fail(
          "updateKind of plain SGD to be 'sgd', or absent",
          `updateKind = ${updateKind}`,
          "Take updateKindOf(optimizer) from @clr/core, or say 'sgd', 'momentum', 'adaptive' or 'rmsProp'.",
        );
      }
    });
  },
};

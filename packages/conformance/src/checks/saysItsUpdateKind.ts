import { fail } from '../assert.ts';
import type { TrainableCheck } from '../check.ts';
import { plain, withModel } from '../model.ts';

/**
 * The declared update kind, which the range test uses, is right. The plain model uses SGD, so it must declare `'sgd'`
 * or nothing.
 */
export const saysItsUpdateKind: TrainableCheck = {
  name: 'declares the right update kind, or none',
  async run(subject) {
    await withModel(plain(subject), async ({ trainable: { updateKind } }) => {
      if (updateKind !== undefined && updateKind !== 'sgd') {
        throw fail(
          "updateKind of plain SGD to be 'sgd', or absent",
          `updateKind = ${updateKind}`,
          "Use updateKindOf(optimizer) from @clr/core, or declare 'sgd', 'momentum', 'adaptive' or 'rmsProp'.",
        );
      }
    });
  },
};

import type { Hyperparameters } from '@clr/core';
import { momentumField, type OptimizerFields, type OptimizerLike, optimizerKind } from './optimizerKind.ts';
import { setScheduled } from './setHyperparameters.ts';

/** Each optimizer's momentum before clr changed it. */
const own = new WeakMap<OptimizerLike, number>();

/**
 * Sets the hyperparameters of a schedule. If the schedule gives no momentum, this restores the momentum that the
 * optimizer had before clr changed it; {@link setScheduled} would keep the last value that clr set.
 *
 * @param optimizer - the model's current optimizer; read it before each update, because `compile` may replace it
 */
export function applyHyperparameters(optimizer: OptimizerLike, hyper: Hyperparameters): void {
  const kind = optimizerKind(optimizer);
  if (kind.momentum !== null && hyper.momentum !== undefined && !own.has(optimizer)) {
    own.set(optimizer, (optimizer as OptimizerFields)[momentumField(kind)] as number);
  }
  const momentum = hyper.momentum ?? own.get(optimizer);
  setScheduled(optimizer, momentum === undefined ? hyper : { lr: hyper.lr, momentum });
}

import type { Hyperparameters } from '@clr/core';
import { momentumField, type OptimizerFields, type OptimizerLike, optimizerKind } from './optimizerKind.ts';
import { setHyperparameters } from './setHyperparameters.ts';

/** The momentum that each optimizer had before clr changed it. */
const own = new WeakMap<OptimizerLike, number>();

/**
 * Sets what a schedule says. Where {@link setHyperparameters} leaves the momentum alone when none is given,
 * this puts the optimizer's own back, if clr changed it before.
 *
 * @param optimizer - read anew before each update: `compile` gives a model another one
 */
export function applyHyperparameters(optimizer: OptimizerLike, hyper: Hyperparameters): void {
  const kind = optimizerKind(optimizer);
  if (kind.momentum !== null && hyper.momentum !== undefined && !own.has(optimizer)) {
    own.set(optimizer, (optimizer as OptimizerFields)[momentumField(kind)] as number);
  }
  const momentum = hyper.momentum ?? own.get(optimizer);
  setHyperparameters(optimizer, momentum === undefined ? hyper : { lr: hyper.lr, momentum });
}

import type { Hyperparameters } from '@clr/core';
import { momentumField, type OptimizerFields, type OptimizerLike, optimizerKind } from './optimizerKind.ts';
import { setScheduled } from './setHyperparameters.ts';

/** An optimizer's own momentum, and the momentum that a schedule has put in its place. */
interface Replaced {
  readonly own: number;
  readonly scheduled: number;
}

const replaced = new WeakMap<OptimizerLike, Replaced>();

/** The momentum that an optimizer has now. `undefined` if it has none. */
function currentMomentum(optimizer: OptimizerLike): number | undefined {
  const kind = optimizerKind(optimizer);
  return kind.momentum === null ? undefined : ((optimizer as OptimizerFields)[momentumField(kind)] as number);
}

/**
 * The momentum that an optimizer has when no schedule sets it: the one before the schedule, or the one that was set
 * since. `undefined` if the optimizer has none.
 */
export function ownMomentum(optimizer: OptimizerLike): number | undefined {
  const current = currentMomentum(optimizer);
  const before = replaced.get(optimizer);
  return before?.scheduled === current ? before?.own : current;
}

/** Says that the optimizer's current momentum comes from a schedule, and that its own one is another. */
export function setOwnMomentum(optimizer: OptimizerLike, own: number): void {
  const scheduled = currentMomentum(optimizer);
  if (scheduled !== undefined) replaced.set(optimizer, { own, scheduled });
}

/**
 * Sets the hyperparameters of a schedule. If the schedule gives no momentum, this restores the optimizer's own one;
 * {@link setScheduled} would keep the last value that the schedule set.
 *
 * @param optimizer - the model's current optimizer; read it before each update, because `compile` may replace it
 * @returns the optimizer's own momentum. Nothing reads the optimizer after this, so that `checkLastUpdate` can tell
 *   whether the update does
 */
export function applyHyperparameters(optimizer: OptimizerLike, hyper: Hyperparameters): number | undefined {
  const own = ownMomentum(optimizer);
  const momentum = hyper.momentum ?? own;
  // A momentum that need not change is left alone, because setting β₁ rounds Adam's bias correction in another way.
  const same = hyper.momentum === undefined && currentMomentum(optimizer) === own;
  setScheduled(optimizer, same || momentum === undefined ? hyper : { lr: hyper.lr, momentum });
  if (own !== undefined && momentum !== undefined) replaced.set(optimizer, { own, scheduled: momentum });
  return own;
}

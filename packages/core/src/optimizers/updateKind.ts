import type { Optimizer } from './optimizer.ts';

/**
 * The way in which an optimizer turns a gradient into an update. It decides the distance from the loss edge down to
 * good rates. The update goes along the gradient (`'sgd'`) or along a velocity (`'momentum'`). Or it is divided by
 * the gradient's size, with a momentum as in Adam (`'adaptive'`) or without one (`'rmsProp'`). With momentum the loss
 * diverges late: a sweep has then already passed the rate that made the loss diverge.
 */
export type UpdateKind = 'sgd' | 'momentum' | 'adaptive' | 'rmsProp';

/**
 * The kind of update that an optimizer makes. Adapters set it as their Trainable's `updateKind`.
 *
 * @example
 * ```ts
 * updateKindOf(sgd({ momentum: 0.9 })); // 'momentum'
 * ```
 */
export function updateKindOf(optimizer: Optimizer): UpdateKind {
  if (optimizer.type === 'sgd') return optimizer.momentum > 0 ? 'momentum' : 'sgd';
  return optimizer.type === 'rmsProp' && !(optimizer.momentum > 0) ? 'rmsProp' : 'adaptive';
}

/**
 * True if a step may set a momentum for this optimizer: β₁ of Adam, or μ if it keeps a velocity. Adapters pass the
 * result to `checkHyperparameters`.
 *
 * @example
 * ```ts
 * takesMomentum(rmsProp()); // false
 * takesMomentum(rmsProp({ momentum: 0.9 })); // true
 * ```
 */
export function takesMomentum(optimizer: Optimizer): boolean {
  if (optimizer.type === 'adam' || optimizer.type === 'adamW') return true;
  return optimizer.type !== 'adagrad' && optimizer.momentum > 0;
}

/**
 * The momentum of a step that does not set one: μ, or β₁ for Adam. It is 0 if the optimizer keeps no velocity.
 * Adapters set it as their Trainable's `momentum`.
 *
 * @example
 * ```ts
 * ownMomentum(adam()); // 0.9
 * ownMomentum(adagrad()); // 0
 * ```
 */
export function ownMomentum(optimizer: Optimizer): number {
  if (optimizer.type === 'adam' || optimizer.type === 'adamW') return optimizer.beta1;
  return optimizer.type === 'adagrad' ? 0 : optimizer.momentum;
}

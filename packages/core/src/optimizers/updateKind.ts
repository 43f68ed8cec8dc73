import type { Optimizer } from './optimizer.ts';

/**
 * How an optimizer turns a gradient into an update, as far as it decides where below the loss edge the good rates lie:
 * along the gradient (`'sgd'`), along a velocity (`'momentum'`), or divided by the gradient's size (`'adaptive'`).
 */
export type UpdateKind = 'sgd' | 'momentum' | 'adaptive';

/**
 * The kind of an optimizer: what an adapter gives as its Trainable's `updateKind`.
 *
 * @example
 * ```ts
 * updateKindOf(sgd({ momentum: 0.9 })); // 'momentum'
 * ```
 */
export function updateKindOf(optimizer: Optimizer): UpdateKind {
  if (optimizer.type !== 'sgd') return 'adaptive';
  return optimizer.momentum > 0 ? 'momentum' : 'sgd';
}

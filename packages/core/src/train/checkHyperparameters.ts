import { PolicyError } from '../errors.ts';
import { decay, rate } from '../fields.ts';
import type { UpdateKind } from '../optimizers/updateKind.ts';
import type { Hyperparameters } from './trainable.ts';

/**
 * Refuses invalid hyperparameters. Every adapter calls it first in `trainStep`.
 *
 * `lr` is at least 0 and finite, in float32 too (1e39 is infinite there). `momentum`, if given, is in [0, 1), and 0 if
 * the optimizer keeps no velocity.
 *
 * @param updateKind - the optimizer's kind of update, if known: plain `'sgd'` and `'rmsProp'` take no momentum
 * @param takesMomentum - overrides what the kind implies: AdaGrad is adaptive and takes none; SGD that starts at
 * momentum 0 but keeps a velocity takes one
 * @throws {PolicyError} whose `field` is `lr` or `momentum`
 *
 * @example
 * ```ts
 * checkHyperparameters({ lr: 0.1, momentum: 0.9 }, 'momentum'); // undefined
 * let field = '';
 * try {
 *   checkHyperparameters({ lr: 0.1, momentum: 0.9 }, 'sgd');
 * } catch (error) {
 *   field = error.field;
 * }
 * field; // 'momentum'
 * ```
 */
export function checkHyperparameters(
  hyper: Hyperparameters,
  updateKind?: UpdateKind,
  takesMomentum: boolean = updateKind !== 'sgd' && updateKind !== 'rmsProp',
): void {
  const { lr, momentum } = hyper ?? {};
  rate(lr, 'lr');
  if (momentum === undefined) return;
  decay(momentum, 'momentum');
  if (momentum > 0 && !takesMomentum) {
    throw new PolicyError(
      'momentum',
      momentum,
      'absent or 0, since this optimizer has no velocity',
      'Give the optimizer a momentum, as in sgd({ momentum: 0.9 }), or take it out of the policy.',
    );
  }
}

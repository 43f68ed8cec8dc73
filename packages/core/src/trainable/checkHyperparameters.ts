import { PolicyError } from '../errors.ts';
import { decay, nonNegative, positive, type Read } from '../fields.ts';
import { nearest } from '../nearest.ts';
import type { UpdateKind } from '../optimizers/updateKind.ts';
import type { Hyperparameters } from './trainable.ts';

const reads: Readonly<Record<string, Read>> = { momentum: decay, clipNorm: positive };

/** The check of a hyperparameter other than the rate. */
export const readerOf = (name: string): Read => (Object.hasOwn(reads, name) ? reads[name]! : nonNegative);

/**
 * Refuses invalid hyperparameters. Every adapter calls it first in `trainStep`.
 *
 * `lr` must be at least 0 and finite, also in float32, where 1e39 is infinite. `momentum`, if given, must be in [0,
 * 1), and 0 if the optimizer keeps no velocity. `clipNorm` must be above 0, and all others at least 0.
 * Hyperparameters that the optimizer does not support are refused.
 *
 * @param updateKind - the optimizer's kind of update, if known: plain `'sgd'` and `'rmsProp'` take no momentum
 * @param takes - the names that a step takes besides `lr`, as in `Trainable.hyperparameters`. Or a boolean: whether a
 *   step takes a momentum and nothing else. This overrides what `updateKind` implies. For example, AdaGrad is
 *   adaptive but takes no momentum, and SGD that starts at momentum 0 but keeps a velocity takes a momentum
 * @throws {PolicyError} whose `field` is the name of the first bad hyperparameter
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
  takes: boolean | readonly string[] = updateKind !== 'sgd' && updateKind !== 'rmsProp',
): void {
  const { lr, ...others }: Readonly<Record<string, unknown>> = { ...hyper };
  nonNegative(lr, 'lr');
  for (const name in others) {
    const value = others[name];
    if (value === undefined) continue;
    readerOf(name)(value, name);
    if (typeof takes === 'boolean' ? takes && name === 'momentum' : takes.includes(name)) continue;
    if (name !== 'momentum') throw notTaken(name, value, takes === true ? ['momentum'] : takes || []);
    if (value === 0) continue;
    throw new PolicyError(
      'momentum',
      value,
      'absent or 0, since this optimizer has no velocity',
      'Give the optimizer a momentum, as in sgd({ momentum: 0.9 }), or take it out of the policy.',
    );
  }
}

/** The error for a hyperparameter that would have no effect. */
export function notTaken(field: string, value: unknown, takes: readonly string[]): PolicyError {
  const all = ['lr', ...takes];
  const ask = 'Leave it out, or enable it by the adapter’s option `hyperparameters`, if there is one.';
  return new PolicyError(
    field,
    value,
    `absent: this Trainable takes ${all.join(', ')}`,
    nearest(field.replace('hyper.', ''), all, ask),
  );
}

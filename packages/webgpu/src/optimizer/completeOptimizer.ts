import { adagrad, adam, adamW, type Optimizer, rmsProp, sgd } from '@clr/core';
import { badArgument } from '../errors.ts';

const factories = { sgd, adam, adamW, rmsProp, adagrad } as Readonly<
  Record<string, (options: object) => Optimizer>
>;

/**
 * Checks an optimizer and fills in its defaults, because it may be plain data that no factory has checked.
 *
 * @throws {PolicyError} for an unknown or bad field
 */
export function completeOptimizer(spec: Optimizer): Optimizer {
  const { type, ...options } = Object(spec) as Optimizer;
  const factory = Object.hasOwn(factories, type) ? factories[type] : undefined;
  if (factory) return factory(options);
  throw badArgument(
    'an optimizer made by sgd(), adam(), adamW(), rmsProp() or adagrad()',
    typeof spec === 'object' && spec !== null
      ? `type = ${String(type)}`
      : `a value of the type ${typeof spec}`,
    'Make it with a factory of @clr/core.',
  );
}

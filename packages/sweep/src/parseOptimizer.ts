import { adagrad, adam, adamW, ClrError, type Optimizer, rmsProp, sgd } from '@clr/core';
import { fail } from './errors.ts';
import { object, oneOf } from './fields.ts';

const factories: Readonly<Record<Optimizer['type'], (options: object) => Optimizer>> = {
  sgd,
  adam,
  adamW,
  rmsProp,
  adagrad,
};

const optimizerType = oneOf(...Object.keys(factories));

/** Reads an optimizer of core and fills in every default. */
export function parseOptimizer(value: unknown, path: string): Optimizer {
  const { type, ...options } = object(value, path);
  optimizerType(type, `${path}.type`);
  try {
    return factories[type as Optimizer['type']](options);
  } catch (cause) {
    if (!(cause instanceof ClrError)) throw cause;
    const [, expected = 'an optimizer of core', received = cause.message, advice = 'Correct the job.'] =
      /^\[clr\/core\] Expected (.*)\.\nReceived: (.*)\n(.*)$/.exec(cause.message) ?? [];
    throw fail(`${path}: ${expected}`, received, advice, { cause });
  }
}

import { PolicyError } from '../errors.ts';
import { type Fields, oneOf, optional, type Read, readFields } from '../fields.ts';

export const flag: Read = oneOf(true, false);

/** An optimizer as frozen plain data: its checked options, and the defaults for the others. */
export function makeOptimizer<Type extends string, Options extends object>(
  type: Type,
  defaults: Required<Options>,
  options: Options,
  fields: Fields & { readonly [K in keyof Options]-?: Read },
): Readonly<Required<Options>> & { readonly type: Type } {
  const rate =
    typeof options === 'number' ? 'options' : ['lr', 'learningRate'].find((name) => name in Object(options));
  if (rate) {
    const value = typeof options === 'number' ? options : (options as Record<string, unknown>)[rate];
    const advice =
      'The policy gives the rate of every step: train(…, { policy: constant({ lr: 0.01 }), … }).';
    throw new PolicyError(
      rate,
      value,
      `absent, because ${type}() takes no learning rate, only ${Object.keys(fields).join(', ')}`,
      advice,
    );
  }
  const reads = Object.entries<Read>(fields).map(([name, read]) => [name, optional(read)] as const);
  const given = readFields(options, Object.fromEntries(reads), '');
  return Object.freeze({ type, ...defaults, ...(given as Partial<Options>) });
}

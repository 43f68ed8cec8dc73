import { type Fields, number, oneOf, type Read, readFields } from '../fields.ts';

// Below 1: at 1 a running mean would never move.
export const decay: Read = number((value) => value >= 0 && value < 1, 'in [0, 1)');
export const flag: Read = oneOf(true, false);

/** An optimizer as frozen plain data: its options, checked, over its defaults. */
export function construct<Type extends string, Options extends object>(
  type: Type,
  defaults: Required<Options>,
  options: Options,
  fields: Fields & { readonly [K in keyof Options]-?: Read },
): Readonly<Required<Options>> & { readonly type: Type } {
  const given = readFields({ ...defaults, ...options }, fields, '');
  return Object.freeze({ type, ...(given as Required<Options>) });
}

import { ClrError, show } from '../errors.ts';

/** Tells whether a value is legal, and what would be. */
export interface Rule<T> {
  readonly legal: (value: unknown) => value is T;
  readonly expected: string;
}

/** A finite number of at least 0. */
export const nonNegative: Rule<number> = {
  legal: (value): value is number => Number.isFinite(value) && (value as number) >= 0,
  expected: 'a finite number of at least 0',
};

/** A finite number above 0. */
export const positive: Rule<number> = {
  legal: (value): value is number => Number.isFinite(value) && (value as number) > 0,
  expected: 'a finite number above 0',
};

/** A number in [0, 1). */
export const fraction: Rule<number> = {
  legal: (value): value is number => nonNegative.legal(value) && value < 1,
  expected: 'a number in [0, 1)',
};

/** One of a few values. */
export function oneOf<T>(...values: readonly T[]): Rule<T> {
  return {
    legal: (value): value is T => values.includes(value as T),
    expected: values.map(show).join(' or '),
  };
}

/** Fills in the defaults of an optimizer's options and checks every field, unknown ones too. */
export function check<Type extends string, Options extends object>(
  type: Type,
  options: Options,
  fields: { readonly [K in keyof Options]-?: readonly [Required<Options>[K], Rule<Required<Options>[K]>] },
): Readonly<Required<Options>> & { readonly type: Type } {
  const spec: Record<string, unknown> = { type };
  const table = fields as Record<string, readonly [unknown, Rule<unknown>]>;
  for (const field of Object.keys(options)) {
    if (field !== 'type' && !Object.hasOwn(table, field)) {
      throw new ClrError('clr/core', {
        expected: `the options of ${type}: ${Object.keys(table).join(', ')}`,
        received: `the unknown option "${field}"`,
        advice: 'Check its spelling.',
      });
    }
  }
  for (const [field, [preset, rule]] of Object.entries(table)) {
    const value = (options as Record<string, unknown>)[field] ?? preset;
    if (!rule.legal(value)) {
      throw new ClrError('clr/core', {
        expected: `${field} of ${type} to be ${rule.expected}`,
        received: `${field} = ${show(value)}`,
        advice: `Leave it out for the default, ${show(preset)}.`,
      });
    }
    spec[field] = value;
  }
  return Object.freeze(spec) as Readonly<Required<Options>> & { readonly type: Type };
}

import { PolicyError } from './errors.ts';
import { maxEntries } from './limits.ts';
import { nearest } from './nearest.ts';

/** Reads one field: returns its checked value, or throws. `path` is its position in the data. */
export type Read = (value: unknown, path: string) => unknown;

/** The readers of an object's fields, by name. */
export type Fields = Readonly<Record<string, Read>>;

function reader(legal: (value: number) => boolean, expected: string, advice: string): Read {
  return (value, path) => {
    if (legal(value as number)) return value;
    throw new PolicyError(path, value, expected, advice);
  };
}

/**
 * A finite number in the range that `expected` names. It must be finite in float32 too, because models train in
 * float32.
 */
export const number =
  (legal: (value: number) => boolean, expected: string): Read =>
  (value, path) => {
    const given = value as number;
    if (!Number.isFinite(given) || !legal(given)) {
      throw new PolicyError(path, value, `a finite number ${expected}`, 'Give a number in that range.');
    }
    if (Math.fround(given) === Infinity) {
      const advice = 'Models train in float32, where larger numbers are infinite.';
      throw new PolicyError(path, value, 'a number of at most 3.4e38', advice);
    }
    return value;
  };

export const nonNegative: Read = /* @__PURE__ */ number((value) => value >= 0, 'of at least 0');
export const positive: Read = /* @__PURE__ */ number((value) => value > 0, 'above 0');
export const unitInterval: Read = /* @__PURE__ */ number((value) => value >= 0 && value <= 1, 'in [0, 1]');
/** A momentum, or the decay of a running mean. It must be below 1 in float32 too: at 1 the mean would never move. */
export const decay: Read = /* @__PURE__ */ number(
  (value) => value >= 0 && Math.fround(value) < 1,
  'in [0, 1)',
);
export const positiveShare: Read = /* @__PURE__ */ number((value) => value > 0 && value <= 1, 'in (0, 1]');

/** A count, or a number that counts from 0. */
export const integer = (least: number): Read =>
  reader(
    (value) => Number.isSafeInteger(value) && value >= least,
    `an integer of at least ${least}`,
    'Give a whole number.',
  );

// Up to 2^52, so that two halves of a cycle still add up exactly.
export const stepCount: Read = /* @__PURE__ */ reader(
  (value) => Number.isInteger(value) && value > 0 && value <= 2 ** 52,
  'a positive integer up to 2^52',
  'Give a whole number above 0.',
);

export const oneOf = (...values: readonly unknown[]): Read =>
  reader(
    (value) => values.includes(value),
    values.map((value) => JSON.stringify(value)).join(' or '),
    'Check its spelling.',
  );

/** An object with these fields and no others, as a frozen copy. */
export const object =
  (fields: Fields): Read =>
  (value, path) =>
    Object.freeze(readFields(value, fields, path));

/** As {@link object}, but ignores other fields, which a newer clr may have written. */
export const record =
  (fields: Fields): Read =>
  (value, path) =>
    Object.freeze(pickFields(fieldsOf(value, path || 'record', 'an object'), fields, path));

/** An object with any names and values of one kind, as a frozen copy. */
export const byName =
  (item: Read): Read =>
  (value, path) => {
    const entries = Object.entries(fieldsOf(value, path, 'an object'));
    return Object.freeze(
      Object.fromEntries(entries.map(([name, each]) => [name, item(each, join(path, name))])),
    );
  };

/** An array of items of one kind, as a frozen copy. */
export const list =
  (item: Read, least = 1): Read =>
  (value, path) => {
    if (!Array.isArray(value) || value.length < least) {
      const expected = least ? 'an array with entries' : 'an array';
      throw new PolicyError(path, value, expected, 'Array.from() turns a Float32Array into an array.');
    }
    if (value.length > maxEntries) {
      const expected = `an array of at most ${maxEntries} entries`;
      throw new PolicyError(`${path}.length`, value.length, expected, 'Cut it into several.');
    }
    // Not `map`, which skips the holes of a sparse array.
    return Object.freeze(Array.from(value, (each, index) => item(each, `${path}[${index}]`)));
  };

export const optional =
  (read: Read): Read =>
  (value, path) =>
    value === undefined ? value : read(value, path);

/** The fields of the object at `path`. Throws if it is not an object. */
export function fieldsOf(value: unknown, path: string, expected: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as never;
  throw new PolicyError(path, value, expected, 'Give a plain object with named fields.');
}

/** The path of a field: `stages[0]` and `steps` make `stages[0].steps`. */
export const join = (path: string, name: string): string => (path ? `${path}.${name}` : name);

/** Copies only the named fields of `value`. Throws at the first bad field. */
export function readFields(value: unknown, fields: Fields, path: string): Record<string, unknown> {
  const names = Object.keys(fields);
  const source = fieldsOf(value, path || 'options', `an object with ${names.join(', ')}`);
  for (const name in source) {
    if (!names.includes(name))
      throw unknownName(name, names, join(path, name), source[name], 'one of the fields');
  }
  return pickFields(source, fields, path);
}

/** A copy with only the named fields. */
export function pickFields(
  source: Readonly<Record<string, unknown>>,
  fields: Fields,
  path: string,
): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(fields)) {
    const read = fields[name]!(source[name], join(path, name));
    if (read !== undefined) copy[name] = read;
  }
  return copy;
}

/** Refuses two bounds in the wrong order. A missing bound is always in order. */
export function checkOrder<Name extends string>(
  bounds: { readonly [K in Name]?: number } | undefined,
  low: Name,
  high: Name,
  path: string,
): void {
  if (bounds && bounds[low]! > bounds[high]!) {
    throw new PolicyError(join(path, low), bounds[low], `at most ${high} (${bounds[high]})`, 'Swap them.');
  }
}

/** The error for an unknown name. Suggests the legal name that shares the most pairs of letters with it. */
export function unknownName(
  name: unknown,
  names: readonly string[],
  field: string,
  value: unknown,
  oneOf = 'one of',
): PolicyError {
  return new PolicyError(field, value, `${oneOf} ${names.join(', ')}`, nearest(String(name), names));
}

import { PolicyError } from './errors.ts';

/** Reads one field: gives back what it holds, checked, or throws. `path` is where it stands. */
export type Read = (value: unknown, path: string) => unknown;

/** The readers of an object's fields, by name. */
export type Fields = Readonly<Record<string, Read>>;

function reader(legal: (value: number) => boolean, expected: string, advice: string): Read {
  return (value, path) => {
    if (legal(value as number)) return value;
    throw new PolicyError(path, value, expected, advice);
  };
}

/** A finite number in a range that `expected` names. */
export const number = (legal: (value: number) => boolean, expected: string): Read =>
  reader((value) => Number.isFinite(value) && legal(value), `a finite number ${expected}`, 'Give a number.');

export const rate: Read = /* @__PURE__ */ number((value) => value >= 0, 'of at least 0');
export const positiveRate: Read = number((value) => value > 0, 'above 0');
export const fraction: Read = /* @__PURE__ */ number((value) => value >= 0 && value <= 1, 'in [0, 1]');
export const factor: Read = /* @__PURE__ */ number((value) => value > 0 && value <= 1, 'in (0, 1]');

// Up to 2^52, so that two halves of a cycle still add up exactly.
export const stepCount: Read = reader(
  (value) => Number.isInteger(value) && value > 0 && value <= 2 ** 52,
  'a positive integer up to 2^52',
  'Count in steps.',
);

export const oneOf = (...values: readonly unknown[]): Read =>
  reader((value) => values.includes(value), values.join(' or '), 'Check its spelling.');

/** A value with fields of its own. What is no object has none of them, and its first one is complained of. */
export const object =
  (fields: Fields): Read =>
  (value, path) =>
    Object.freeze(readFields(value, fields, `${path}.`));

export const list = (item: Read): Read => {
  const array = reader(
    (value) => Array.isArray(value) && value.length > 0,
    'an array, not empty',
    'Give at least one; Array.from() makes an array of a Float32Array.',
  );
  return (value, path) =>
    Object.freeze((array(value, path) as unknown[]).map((each, index) => item(each, `${path}[${index}]`)));
};

export const optional =
  (read: Read): Read =>
  (value, path) =>
    value === undefined ? value : read(value, path);

/** A copy of `value` that holds the named fields and nothing else; throws at the first bad one. */
export function readFields(value: unknown, fields: Fields, path: string): Record<string, unknown> {
  const source: Record<string, unknown> = Object(value);
  const copy: Record<string, unknown> = {};
  const names = Object.keys(fields);
  for (const name in source) {
    if (!names.includes(name)) refuseName(name, names, path + name, source[name]);
  }
  for (const name of names) {
    const read = fields[name]!(source[name], path + name);
    if (read !== undefined) copy[name] = read;
  }
  return copy;
}

/** Refuses two bounds that are legal one by one and the wrong way round. What is absent is never so. */
export function checkOrder<Name extends string>(
  bounds: { readonly [K in Name]?: number } | undefined,
  low: Name,
  high: Name,
  path: string,
): void {
  if (bounds && bounds[low]! > bounds[high]!) {
    throw new PolicyError(path + low, bounds[low], `at most ${high} (${bounds[high]})`, 'Swap them.');
  }
}

/** Refuses a name that is none of the legal ones; suggests the one that shares most pairs of letters with it. */
export function refuseName(name: unknown, names: readonly string[], field: string, value: unknown): never {
  const given = String(name);
  let advice = 'Check its spelling.';
  let most = given.length / 3;
  for (const legal of names) {
    const shared = [...given].filter((_, at) => legal.includes(given.slice(at, at + 2))).length;
    if (shared > most) [most, advice] = [shared, `Did you mean "${legal}"?`];
  }
  throw new PolicyError(field, value, `one of ${names.join(', ')}`, advice);
}

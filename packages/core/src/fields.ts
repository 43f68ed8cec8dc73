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

/** A finite number of at least `low` (above it, if `open`) and at most `high`. */
export const number = (low: number, high: number = Infinity, open: boolean = false): Read =>
  reader(
    (value) => Number.isFinite(value) && (open ? value > low : value >= low) && value <= high,
    `a finite number ${open ? 'above' : 'of at least'} ${low}${high < Infinity ? `, at most ${high}` : ''}`,
    'Give a plain number, such as 0.001.',
  );

export const rate: Read = number(0);
export const positiveRate: Read = number(0, Infinity, true);
export const fraction: Read = number(0, 1);

// Up to 2^52, so that two halves of a cycle still add up exactly.
export const stepCount: Read = reader(
  (value) => Number.isInteger(value) && value > 0 && value <= 2 ** 52,
  'a positive integer',
  'Count in steps; a stepSize is half a cycle.',
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
    if (name !== 'type' && !names.includes(name)) {
      throw new PolicyError(path + name, source[name], `one of ${names.join(', ')}`, didYouMean(name, names));
    }
  }
  for (const name of names) {
    const read = fields[name]!(source[name], path + name);
    if (read !== undefined) copy[name] = read;
  }
  return copy;
}

/** Refuses two bounds that are legal one by one and the wrong way round. */
export function checkOrder<Name extends string>(
  bounds: { readonly [K in Name]: number },
  low: Name,
  high: Name,
  path: string,
): void {
  if (bounds[low] > bounds[high]) {
    throw new PolicyError(path + low, bounds[low], `at most ${high} (${bounds[high]})`, 'Swap the two.');
  }
}

/** The advice for a misspelt name: the legal one that shares its longest beginning. */
export function didYouMean(name: unknown, names: readonly string[]): string {
  for (let start = String(name).toLowerCase(); start; start = start.slice(0, -1)) {
    const near = names.find((candidate) => candidate.toLowerCase().startsWith(start));
    if (near) return `Did you mean "${near}"?`;
  }
  return 'Check its spelling.';
}

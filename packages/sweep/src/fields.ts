import { checkOptionNames, type PlanName, parsePolicy } from '@clr/core';
import { fail, inWords } from './errors.ts';

/** Reads one field: returns its checked value, or throws. `path` is the field's name in messages. */
export type Read = (value: unknown, path: string) => unknown;

export type Fields = Readonly<Record<string, Read>>;

const reader =
  (legal: (value: unknown) => boolean, expected: string): Read =>
  (value, path) => {
    if (legal(value)) return value;
    throw fail(`${path} to be ${expected}`, `${path} = ${inWords(value)}`, 'Correct the job.');
  };

const finite = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(Math.fround(value));

export const rate: Read = reader((value) => finite(value) && value >= 0, 'a finite number of at least 0');
export const positive: Read = reader((value) => finite(value) && value > 0, 'a finite number above 0');
export const boolean: Read = reader((value) => typeof value === 'boolean', 'true or false');

export const integer = (least: number): Read =>
  reader((value) => Number.isSafeInteger(value) && Number(value) >= least, `an integer of at least ${least}`);

export const oneOf = (...values: readonly string[]): Read =>
  reader((value) => values.includes(value as string), values.map((each) => `"${each}"`).join(' or '));

export const optional =
  (read: Read): Read =>
  (value, path) =>
    value === undefined ? value : read(value, path);

const planName = oneOf(...(['decay', 'cycles', 'wsd', 'fixed'] satisfies readonly PlanName[]));

export const plan: Read = (value, path) =>
  typeof value === 'object' ? parsePolicy(value, path) : planName(value, path);

export const verdict: Read = (value, path) =>
  Array.isArray(value) && value.length > 0
    ? value.map((each, at) => plan(each, `${path}[${at}]`))
    : boolean(value, path);

/** Further hyperparameters. The Trainable decides which names are legal, and refuses others before the first step. */
export const hyper: Read = (value, path) => {
  const entries = Object.entries(object(value, path));
  return Object.fromEntries(
    entries.map(([name, each]) => [
      name,
      (typeof each === 'number' ? rate : parsePolicy)(each, `${path}.${name}`),
    ]),
  );
};

export function object(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as never;
  throw fail(`${path} to be an object`, `${path} = ${inWords(value)}`, 'Give named fields.');
}

/** Returns a frozen copy of the named fields. Refuses other fields, and suggests the nearest legal name. */
export function readFields(value: unknown, fields: Fields, path: string): Readonly<Record<string, unknown>> {
  const source = object(value, path);
  checkOptionNames('clr/sweep', path, { ...source } as Record<string, unknown>, Object.keys(fields));
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(fields)) {
    const read = fields[name]!(source[name], `${path}.${name}`);
    if (read !== undefined) copy[name] = read;
  }
  return Object.freeze(copy);
}

import type { Stopped } from '@clr/core';
import { unusable } from '../errors.ts';

/** Reads a value at a path of a JSON document, or says what is wrong there. */
export type Check<T> = (value: unknown, path: string) => T;

export function wrong(path: string, expected: string, value: unknown): never {
  const shown = value === undefined ? 'nothing' : JSON.stringify(value);
  throw unusable({
    expected: `${path} to be ${expected}`,
    received: shown.length > 60 ? `${shown.slice(0, 57)}…` : shown,
    advice: 'Give what rangeTest or train returned, as JSON.stringify wrote it.',
  });
}

export const object: Check<Readonly<Record<string, unknown>>> = (value, path) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : wrong(path, 'an object', value);

export const finite: Check<number> = (value, path) =>
  typeof value === 'number' && Number.isFinite(value) ? value : wrong(path, 'a finite number', value);

export const index: Check<number> = (value, path) =>
  Number.isSafeInteger(value) && (value as number) >= 0
    ? (value as number)
    : wrong(path, 'an integer of at least 0', value);

/** A metric: JSON has no NaN, so `null` stands for it. */
export const metric: Check<number | null> = (value, path) =>
  value === null
    ? null
    : typeof value === 'number'
      ? finite(value, path)
      : wrong(path, 'a number or null', value);

export function list<T>(item: Check<T>): Check<readonly T[]> {
  return (value, path) =>
    Array.isArray(value)
      ? value.map((element, at) => item(element, `${path}[${at}]`))
      : wrong(path, 'an array', value);
}

/** The field under a key, when it is there. */
export function optional<K extends string, T>(
  from: Readonly<Record<string, unknown>>,
  key: K,
  check: Check<T>,
  path: string,
): { readonly [key in K]?: T } {
  return from[key] === undefined
    ? {}
    : ({ [key]: check(from[key], `${path}.${key}`) } as { readonly [key in K]?: T });
}

export const stopped: Check<Stopped> = (value, path) => {
  const { step, reason } = object(value, path);
  if (reason !== 'diverged' && reason !== 'aborted' && reason !== 'ended') {
    return wrong(`${path}.reason`, '"diverged", "aborted" or "ended"', reason);
  }
  return { step: index(step, `${path}.step`), reason };
};

import { ClrError } from '@clr/core';

/** A {@link ClrError} of this package. */
export function fail(expected: string, received: string, advice: string, options?: ErrorOptions): ClrError {
  return new ClrError('clr/bullmq', { expected, received, advice }, options);
}

/** Formats a value for an error message. Objects are not converted, because `String()` may throw on them. */
export function inWords(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60));
  if (typeof value === 'function') return 'a function';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

/** Checks a whole number. */
export function checkInteger(name: string, value: unknown, least: number): void {
  if (Number.isSafeInteger(value) && Number(value) >= least) return;
  throw fail(
    `${name} to be an integer of at least ${least}`,
    `${name} = ${inWords(value)}`,
    'Correct the option.',
  );
}

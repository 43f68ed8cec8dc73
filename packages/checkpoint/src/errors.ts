import { ClrError } from '@clr/core';

/** A {@link ClrError} of this package. */
export function fail(expected: string, received: string, advice: string, options?: ErrorOptions): ClrError {
  return new ClrError('clr/checkpoint', { expected, received, advice }, options);
}

/**
 * Formats a value of any kind for an error message. Objects are not converted, because `String()` may throw on them.
 */
export function inWords(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  return typeof value === 'object' && value !== null ? 'an object' : String(value).slice(0, 40);
}

/** The error for bytes that are not a complete checkpoint. */
export function damaged(why: string): ClrError {
  return fail('a whole checkpoint', why, 'Resume from another checkpoint.');
}

import { ClrError } from '@clr/core';

/** A {@link ClrError} of this package. */
export function fail(expected: string, received: string, advice: string, options?: ErrorOptions): ClrError {
  return new ClrError('clr/checkpoint', { expected, received, advice }, options);
}

/** The error for bytes that are not a complete checkpoint. */
export function damaged(why: string): ClrError {
  return fail('a whole checkpoint', why, 'Resume from another checkpoint.');
}

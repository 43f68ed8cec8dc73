import { ClrError } from '@clr/core';

/** A {@link ClrError} of this package. */
export function fail(expected: string, received: string, advice: string, options?: ErrorOptions): ClrError {
  return new ClrError('clr/bullmq', { expected, received, advice }, options);
}

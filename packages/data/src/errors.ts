import { ClrError } from '@clr/core';

/** A {@link ClrError} of this package. */
export function fail(expected: string, received: string, advice: string, options?: ErrorOptions): ClrError {
  return new ClrError('clr/data', { expected, received, advice }, options);
}

/** A list of names for a message, shortened if it is long. */
export function listed(names: readonly string[], most = 12): string {
  const shown = names.slice(0, most).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown || 'none';
}

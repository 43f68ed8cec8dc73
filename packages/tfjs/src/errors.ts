import { ClrError, type Problem } from '@clr/core';

/** Throws this package's error. */
export function fail(problem: Problem): never {
  throw new ClrError('clr/tfjs', problem);
}

import { ClrError } from '@clr/core';

/** Checks a whole number. */
export function checkCount(name: string, value: unknown, least: number, advice: string): void {
  if (Number.isSafeInteger(value) && Number(value) >= least) return;
  throw new ClrError('clr/report', {
    expected:
      least > 1 ? `${name} to be an integer of at least ${least}` : `${name} to be a positive integer`,
    received: `${name} = ${typeof value === 'string' ? JSON.stringify(value) : String(value)}`,
    advice,
  });
}

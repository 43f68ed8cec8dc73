import { ClrError } from '@clr/core';
import type { Weights } from './subject.ts';

/** The error of a failed check. */
export function fail(expected: string, received: string, advice: string): ClrError {
  return new ClrError('clr/conformance', { expected, received, advice });
}

/** Describes the first place where two sets of weights differ in any bit; undefined if they are equal. */
export function firstDifference(a: Weights, b: Weights): string | undefined {
  if (a.length !== b.length) return `${a.length} and ${b.length} tensors`;
  for (const [tensor, values] of a.entries()) {
    const others = b[tensor]!;
    if (values.length !== others.length)
      return `tensor ${tensor}: ${values.length} and ${others.length} values`;
    const index = values.findIndex((value, at) => !Object.is(value, others[at]));
    if (index >= 0) return `tensor ${tensor} at ${index}: ${values[index]} and ${others[index]}`;
  }
  return undefined;
}

/** Fails unless two sets of weights are equal bit for bit. */
export function sameBits(a: Weights, b: Weights, expected: string, advice: string): void {
  const difference = firstDifference(a, b);
  if (difference) throw fail(`${expected}, bit for bit`, difference, advice);
}

/** Fails if two sets of weights are equal bit for bit. */
export function notSameBits(a: Weights, b: Weights, expected: string, advice: string): void {
  if (!firstDifference(a, b)) throw fail(expected, 'the same weights, bit for bit', advice);
}

/** All weights in one float64 array. */
export function flatten(weights: Weights): number[] {
  return weights.flatMap((values) => Array.from(values));
}

/** Fails unless numbers differ by at most `tolerance`. */
export function close(
  actual: readonly number[],
  wanted: readonly number[],
  tolerance: number,
  expected: string,
  advice: string,
): void {
  const index = actual.findIndex((value, at) => !(Math.abs(value - wanted[at]!) <= tolerance));
  if (index >= 0) {
    throw fail(
      `${expected}, within ${tolerance}`,
      `${actual[index]} for ${wanted[index]} at ${index}`,
      advice,
    );
  }
}

import { decay, type RangeTestFinding, triangular2 } from '@clr/core';
import type { Shared } from '../policies/shared.ts';

const digits = (value: number): number => Number(value.toPrecision(3));

/** The decay and the cycles that a finding suggests for a given number of steps. */
export function policiesOf({ suggestion }: RangeTestFinding, steps: number): Shared | undefined {
  if (!suggestion) return undefined;
  const [baseLr, maxLr] = [digits(suggestion.baseLr), digits(suggestion.maxLr)];
  return {
    policies: [
      decay({ maxLr, steps }),
      triangular2({ baseLr, maxLr, stepSize: Math.max(1, Math.round(steps / 8)) }),
    ],
  };
}

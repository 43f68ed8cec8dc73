import type { RangeTestPoint } from './trace.ts';

/** A number to three digits in common notation: `2.3`, `0.0316`, `1e-6`. */
export function showNumber(value: number): string {
  const rounded = Number(value.toPrecision(3));
  return rounded !== 0 && Math.abs(rounded) < 1e-4 ? rounded.toExponential() : String(rounded);
}

/** A rate and its step: `0.01 (step 80)`. */
export const rateOf = ({ lr, step }: Pick<RangeTestPoint, 'lr' | 'step'>): string =>
  `${showNumber(lr)} (step ${step})`;

/** A rate, with the step that used it or the next higher rate. */
export function rateAt({ points }: { readonly points: readonly RangeTestPoint[] }, lr: number): string {
  // A rate that was computed from its logarithm has a rounding error.
  const { step } = points.find((point) => point.lr >= lr * 0.9999) ?? points.at(-1)!;
  return rateOf({ lr, step });
}

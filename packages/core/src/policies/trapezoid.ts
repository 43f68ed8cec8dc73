import { PolicyError } from '../errors.ts';
import { join, number, object, type Read } from '../fields.ts';
import type { CustomSchedule } from '../schedule.ts';
import { halfCosine, lerp } from './arithmetic.ts';

/**
 * The shape of a fall. At the share `x` of its length, the remaining share of the rate is `1 − x`
 * for `'linear'`, `½ · (1 + cos πx)` for `'cosine'`, `1 − √x` for `'sqrt'`, `(1 − x) / (1 − x / 2)` for `'rex'` and
 * `(1 − x)^power` for a polynomial.
 */
export type DecayShape =
  | 'linear'
  | 'cosine'
  | 'sqrt'
  | 'rex'
  | {
      /** The exponent p of (1 − x)^p, above 0: 1 is linear, larger values fall faster at first. */
      readonly power: number;
    };

// Each function maps the remaining share of the length, in [0, 1], to the remaining share of the rate.
const heights: Readonly<Record<string, (left: number) => number>> = {
  linear: (left) => left,
  cosine: halfCosine,
  // 1 − √x, without subtracting nearly equal numbers.
  sqrt: (left) => left / (1 + Math.sqrt(1 - left)),
  rex: (left) => (2 * left) / (1 + left),
};

const polynomial = object({ power: number((value) => value > 0, 'above 0') });

export const shapeField: Read = (value, path) => {
  if (typeof value === 'object' && value !== null) return polynomial(value, path);
  if (Object.hasOwn(heights, value as string)) return value;
  const expected = `${Object.keys(heights).join(', ')} or { power }`;
  throw new PolicyError(path, value, expected, 'Check its spelling.');
};

/** The length of a phase: a share below 1, or a number of steps. */
export const stretch: Read = (value, path) => {
  const given = value as number;
  if (Number.isFinite(given) && given >= 0 && (given < 1 || Number.isInteger(given))) return value;
  const advice = 'A number below 1 is a share of `steps`.';
  throw new PolicyError(path, value, 'a share in [0, 1) or a positive integer of steps', advice);
};

/** A length in steps. It may be fractional: a caller that needs a whole number must round it. */
const lengthOf = (value: number, steps: number): number => (value < 1 ? value * steps : value);

/** Refuses a warm-up and a cooldown that do not fit into `steps` together. */
export function checkStretches(warmup: number, cooldown: number, steps: number, path: string): void {
  const together = lengthOf(warmup, steps) + lengthOf(cooldown, steps);
  // Shares such as 0.7 and 0.3 may add up to slightly more than 1 in floating point.
  if (together <= steps * (1 + 1e-12)) return;
  const expected = `short enough to leave ${lengthOf(cooldown, steps)} of ${steps} steps for the fall`;
  throw new PolicyError(join(path, 'warmup'), warmup, expected, 'Shorten it, or train for longer.');
}

/** The parameters of a trapezoid. */
export interface Trapezoid {
  readonly maxLr: number;
  readonly finalLr: number;
  /** The length of a cycle. */
  readonly steps: number;
  readonly cycles: number;
  readonly warmup: number;
  /** A share of `steps`, a number of steps, or `'rest'` for everything after the warm-up. */
  readonly cooldown: number | 'rest';
  readonly shape: DecayShape;
}

/**
 * Rises from 0, stays at `maxLr`, and falls to `finalLr`. Each later cycle begins at `maxLr`. After the last one the
 * rate stays at `finalLr`. Positions are first reduced with integer arithmetic, so the rates at the peak and at the
 * end are exact.
 */
export function trapezoidSchedule({
  maxLr,
  finalLr,
  steps,
  cycles,
  warmup,
  cooldown,
  shape,
}: Trapezoid): CustomSchedule {
  const up = Math.min(steps - 1, Math.round(lengthOf(warmup, steps)));
  const rest = steps - up;
  const down = cooldown === 'rest' ? rest : Math.min(rest, Math.round(lengthOf(cooldown, steps)));
  const height = typeof shape === 'string' ? heights[shape]! : (left: number) => left ** shape.power;
  const end = steps * cycles;
  return {
    lr(step) {
      if (step < up) return lerp(0, maxLr, step / up);
      if (step >= end) return finalLr;
      const left = steps - (step % steps);
      return left < down ? lerp(finalLr, maxLr, height(left / down)) : maxLr;
    },
    position(step) {
      if (step >= end) return { cycle: cycles, phase: 0, cycleEnd: Infinity };
      const cycle = Math.floor(step / steps);
      return { cycle, phase: (step % steps) / steps, cycleEnd: (cycle + 1) * steps };
    },
  };
}

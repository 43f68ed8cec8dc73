import { checkOrder, nonNegative, optional, positive, stepCount } from '../fields.ts';
import { makePolicy, type PolicyKind, register } from './policyKind.ts';
import { checkStretches, type DecayShape, shapeField, stretch, trapezoidSchedule } from './trapezoid.ts';

/** Options of {@link decay}. */
export interface DecayOptions {
  /** The peak, reached when the warm-up ends. Above 0. */
  readonly maxLr: number;
  /** The length of the run, in steps. */
  readonly steps: number;
  /**
   * The length of the warm-up from 0. A value below 1 is a share of `steps`, rounded to whole steps. Any other value
   * is a number of steps. Default 0.05.
   */
  readonly warmup?: number;
  /** The shape of the fall: a line, half a cosine, `1 − √x`, REX, or a polynomial. Default `'linear'`. */
  readonly shape?: DecayShape;
  /** The rate at step `steps` and after it. At least 0, at most `maxLr`. Default 0. */
  readonly finalLr?: number;
}

/** A {@link decay} policy as plain JSON. */
export interface DecayPolicy extends DecayOptions {
  /** Names the policy in plain data. */
  readonly type: 'decay';
}

const defaultWarmup = 0.05;

/** @internal */
export const decayKind: PolicyKind<DecayPolicy> = register<DecayPolicy>({
  type: 'decay',
  fields: {
    maxLr: positive,
    steps: stepCount,
    warmup: optional(stretch),
    shape: optional(shapeField),
    finalLr: optional(nonNegative),
  },
  check(policy, path) {
    checkOrder(policy, 'finalLr', 'maxLr', path);
    const { steps, warmup = defaultWarmup } = policy;
    if (warmup >= 1) checkStretches(warmup, 1, steps, path);
  },
  schedule: ({ warmup = defaultWarmup, shape = 'linear', finalLr = 0, ...policy }) =>
    trapezoidSchedule({ ...policy, warmup, shape, finalLr, cycles: 1, cooldown: 'rest' }),
});

/**
 * A short warm-up, then a fall for the rest of the run: the schedule for a fixed budget.
 *
 * With a warm-up of `W` steps, `lr(t) = maxLr · t / W` for `t < W`, and `lr(t) = finalLr + (maxLr − finalLr) · h(x)`
 * after that. Here `x = (t − W) / (steps − W)`, and `h(x)` is one of `1 − x`, `½ · (1 + cos πx)`, `1 − √x`,
 * `(1 − x) / (1 − x / 2)` and `(1 − x)^power`. The run is one cycle. Its end is a trough. Past the end the rate stays at
 * `finalLr`.
 *
 * @throws {PolicyError} if a rate is negative, not finite or above `maxLr`, a step count is not a positive integer, or
 *   the warm-up leaves no step for the fall
 * @see Defazio et al., arXiv 2310.07831 (linear, with warm-up); Hägele et al., arXiv 2405.18392 (`1 − √x`); Chen et al.,
 *   arXiv 2107.04197 (REX); PyTorch's `PolynomialLR` and `CosineAnnealingLR`, which have no warm-up
 *
 * @example
 * ```ts
 * const { lr, at } = toSchedule(decay({ maxLr: 0.1, steps: 1000, warmup: 100 }));
 * lr(50); // 0.05
 * lr(100); // 0.1
 * lr(550); // 0.05
 * lr(1000); // 0
 * at(999).cycleEnd; // 1000
 * ```
 */
export function decay(options: DecayOptions): DecayPolicy {
  return makePolicy(decayKind, options);
}

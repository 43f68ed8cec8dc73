import { PolicyError } from '../errors.ts';
import { join, optional, positive, stepCount } from '../fields.ts';
import { makePolicy, type PolicyKind, register } from './policyKind.ts';
import { checkStretches, type DecayShape, shapeField, stretch, trapezoidSchedule } from './trapezoid.ts';

/** Options of {@link wsd}. */
export interface WsdOptions {
  /** The stable rate. Above 0. */
  readonly maxLr: number;
  /** The length of one cycle, in steps. With one cycle it is the length of the run. */
  readonly steps: number;
  /**
   * The length of the warm-up from 0. A value below 1 is a share of `steps`, rounded to whole steps. Any other value
   * is a number of steps. Default 0.05.
   */
  readonly warmup?: number;
  /**
   * The length of the cooldown to 0 at the end of each cycle, as a share of `steps` (rounded to whole steps) or as a
   * number of steps. Above 0. Default 0.3.
   */
  readonly cooldown?: number;
  /** The shape of the cooldown: a line, half a cosine, REX, `1 − √x`, or a polynomial. Default `'linear'`. */
  readonly shape?: DecayShape;
  /** The number of cycles, each `steps` long. Default 1. */
  readonly cycles?: number;
}

/** A {@link wsd} policy as plain JSON. */
export interface WsdPolicy extends WsdOptions {
  /** Names the policy in plain data. */
  readonly type: 'wsd';
}

const defaultWarmup = 0.05;
const defaultCooldown = 0.3;

/** @internal */
export const wsdKind: PolicyKind<WsdPolicy> = register<WsdPolicy>({
  type: 'wsd',
  fields: {
    maxLr: positive,
    steps: stepCount,
    warmup: optional(stretch),
    cooldown: optional(stretch),
    shape: optional(shapeField),
    cycles: optional(stepCount),
  },
  check({ steps, warmup = defaultWarmup, cooldown = defaultCooldown, cycles = 1 }, path) {
    if (cooldown === 0) {
      const advice = 'Without a cooldown, use a constant policy, or a sequence that ends in one.';
      throw new PolicyError(join(path, 'cooldown'), cooldown, 'above 0', advice);
    }
    checkStretches(warmup, cooldown, steps, path);
    if (steps * cycles > Number.MAX_SAFE_INTEGER) {
      throw new PolicyError(
        join(path, 'cycles'),
        cycles,
        'together no longer than 2^53 steps',
        'Use fewer cycles.',
      );
    }
  },
  schedule: ({
    warmup = defaultWarmup,
    cooldown = defaultCooldown,
    shape = 'linear',
    cycles = 1,
    ...policy
  }) => trapezoidSchedule({ ...policy, warmup, cooldown, shape, cycles, finalLr: 0 }),
});

/**
 * Warm-up, stable, cooldown: the schedule for a run that may be stopped or extended. With several `cycles` it is
 * WSD-S. Each cycle ends at a trough after a cooldown, and the next cycle begins at `maxLr` at once, without a
 * warm-up.
 *
 * Let `W` be the length of the warm-up and `C` that of the cooldown, both in steps, and `p` the step's place in its
 * cycle. The rate is
 *
 * - `maxLr · p / W` for `p < W` in the first cycle
 * - `maxLr · h(x)` with `x = (p − steps + C) / C` in the last `C` steps of every cycle, where `h(x)` is one of
 *   `1 − x`, `½ · (1 + cos πx)`, `1 − √x` and `(1 − x)^power`
 * - `maxLr` at all other steps
 *
 * Past the end of the last cycle the rate stays at 0.
 *
 * @throws {PolicyError} if `maxLr` is not above 0, a count is not a positive integer, or the warm-up and the cooldown
 *   do not fit into a cycle
 * @see Hu et al., arXiv 2404.06395 (WSD); Hägele et al., arXiv 2405.18392; Wen et al., arXiv 2410.05192 (WSD-S)
 *
 * @example
 * ```ts
 * const { lr, at } = toSchedule(wsd({ maxLr: 0.1, steps: 1000, warmup: 50, cooldown: 0.2, cycles: 3 }));
 * lr(25); // 0.05
 * lr(500); // 0.1
 * lr(900); // 0.05
 * lr(1000); // 0.1
 * at(1000).cycleEnd; // 2000
 * lr(3000); // 0
 * ```
 */
export function wsd(options: WsdOptions): WsdPolicy {
  return makePolicy(wsdKind, options);
}

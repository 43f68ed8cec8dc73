import { join, nonNegative, oneOf, positive, stepCount } from '../fields.ts';
import type { CustomSchedule } from '../schedule.ts';
import { lerp, powers } from './arithmetic.ts';
import { makePolicy, type PolicyKind, register } from './policyKind.ts';

/** Options of {@link ramp}. */
export interface RampOptions {
  /** The rate of step 0. At least 0; above 0 when the spacing is exponential. */
  readonly startLr: number;
  /** The rate at step `steps` and after it. At least 0; above 0 when the spacing is exponential. */
  readonly endLr: number;
  /** The length of the ramp, in steps. */
  readonly steps: number;
  /** Equal differences (`'linear'`) or equal ratios (`'exponential'`) from step to step. */
  readonly spacing: 'linear' | 'exponential';
}

/** A {@link ramp} policy as plain JSON. */
export interface RampPolicy extends RampOptions {
  /** Names the policy in plain data. */
  readonly type: 'ramp';
}

/** @internal */
export const rampKind: PolicyKind<RampPolicy> = register<RampPolicy>({
  type: 'ramp',
  fields: {
    startLr: nonNegative,
    endLr: nonNegative,
    steps: stepCount,
    spacing: oneOf('linear', 'exponential'),
  },
  check({ startLr, endLr, spacing }, path) {
    if (spacing === 'linear') return;
    positive(startLr, join(path, 'startLr'));
    positive(endLr, join(path, 'endLr'));
  },
  schedule: rampSchedule,
});

function rampSchedule(policy: RampPolicy): CustomSchedule {
  const { startLr, endLr, steps } = policy;
  const lr = ratesOf(policy);
  // Only a falling ramp ends at a trough.
  if (endLr >= startLr) return { lr };
  return {
    lr,
    position: (step) =>
      step < steps
        ? { cycle: 0, phase: step / steps, cycleEnd: steps }
        : { cycle: 1, phase: 0, cycleEnd: Infinity },
  };
}

function ratesOf({ startLr, endLr, steps, spacing }: RampPolicy): (step: number) => number {
  if (spacing === 'linear') return (step) => lerp(startLr, endLr, Math.min(1, step / steps));
  // A power is rounded, so the ends are set exactly.
  const low = Math.min(startLr, endLr);
  const high = Math.max(startLr, endLr);
  const power = powers((Math.log(endLr) - Math.log(startLr)) / steps);
  return (step) => (step >= steps ? endLr : Math.min(high, Math.max(low, startLr * power(step))));
}

/**
 * Goes from `startLr` to `endLr`, then stays at `endLr`: a warm-up, a linear decay, or a range test.
 *
 * With linear spacing, the rate is `startLr + (endLr − startLr) · t / steps`. With exponential spacing, it is
 * `startLr · (endLr / startLr)^(t / steps)`.
 *
 * A falling ramp is one cycle and ends at a trough. A rising ramp has none.
 *
 * @throws {PolicyError} if a rate is negative or not finite, or 0 with exponential spacing
 * @see Smith, arXiv 1506.01186, section 3.3 (range test) and 4.1.1 (the "decay" control)
 *
 * @example
 * ```ts
 * const { lr } = toSchedule(ramp({ startLr: 0.001, endLr: 0.1, steps: 100, spacing: 'exponential' }));
 * lr(50).toFixed(6); // '0.010000'
 * lr(100); // 0.1
 * ```
 */
export function ramp(options: RampOptions): RampPolicy {
  return makePolicy(rampKind, options);
}

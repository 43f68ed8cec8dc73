import { oneOf, optional, positiveShare } from '../fields.ts';
import {
  type CycleOptions,
  checkBounds,
  cycleFields,
  cycleSchedule,
  perStep,
  shrinkingCycle,
} from './cycle.ts';
import { makePolicy, type PolicyKind, register } from './policyKind.ts';

/** Options of {@link expRange}. */
export interface ExpRangeOptions extends CycleOptions {
  /** The share left after each step, in (0, 1]. The paper used 0.99994 for 42,000 steps. */
  readonly gamma: number;
  /**
   * The part that shrinks: the amplitude above `baseLr` (as in PyTorch and others, default) or both bounds (the paper's
   * text).
   */
  readonly decay?: 'amplitude' | 'bounds';
}

/** An {@link expRange} policy as plain JSON; its type keeps the paper's spelling. */
export interface ExpRangePolicy extends ExpRangeOptions {
  /** Names the policy in plain data, in the paper's spelling. */
  readonly type: 'exp_range';
}

/** @internal */
export const expRangeKind: PolicyKind<ExpRangePolicy> = register<ExpRangePolicy>({
  type: 'exp_range',
  fields: { ...cycleFields, gamma: positiveShare, decay: optional(oneOf('amplitude', 'bounds')) },
  check: checkBounds,
  schedule: (policy) =>
    (policy.decay === 'bounds' ? shrinkingCycle : cycleSchedule)(policy, perStep(policy.gamma)),
});

/**
 * A {@link triangular} policy that shrinks a little at every step.
 *
 * With `decay: 'amplitude'`, `lr(t) = baseLr + (maxLr − baseLr) · w(t) · gamma^t`. With `decay: 'bounds'`,
 * `lr(t) = (baseLr + (maxLr − baseLr) · w(t)) · gamma^t`. Here `t` is the global step, so the exponent is never reset.
 *
 * @throws {PolicyError} as `triangular` does, or if gamma is outside (0, 1]
 * @see Smith, arXiv 1506.01186, section 3.1 (its text: both bounds); PyTorch's `CyclicLR` (amplitude)
 *
 * @example
 * ```ts
 * const options = { baseLr: 0.001, maxLr: 0.006, stepSize: 2000, gamma: 0.99994 };
 * toSchedule(expRange(options)).lr(4000); // 0.001
 * toSchedule(expRange({ ...options, decay: 'bounds' })).lr(4000).toFixed(9); // '0.000786622'
 * ```
 */
export function expRange(options: ExpRangeOptions): ExpRangePolicy {
  return makePolicy(expRangeKind, options);
}

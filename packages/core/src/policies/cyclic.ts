import { object, oneOf, optional, positiveShare, type Read } from '../fields.ts';
import {
  type CycleOptions,
  checkBounds,
  cycleFields,
  cycleSchedule,
  perCycle,
  perStep,
  type Scale,
  shrinkingCycle,
} from './cycle.ts';
import { makePolicy, type PolicyKind, register } from './policyKind.ts';

/** The amplitude or both bounds are multiplied by `factor` after every cycle or step. */
export interface GeometricDecay {
  /** Selects geometric decay: the amplitude is multiplied by `factor` again and again. */
  readonly type: 'geometric';
  /** The share that is left each time, in (0, 1]. */
  readonly factor: number;
  /** How often `factor` is applied: at the start of each cycle (factor^cycle) or at each step (factor^step). */
  readonly per: 'cycle' | 'step';
  /** The part that shrinks: the amplitude above `baseLr`, or both bounds. */
  readonly of: 'amplitude' | 'bounds';
}

/** The amplitude of cycle `c` (from 0) is the first one divided by `c + 1`. */
export interface HarmonicDecay {
  /** Selects harmonic decay: the amplitude is divided by cycle + 1. */
  readonly type: 'harmonic';
}

/** Options of {@link cyclic}. */
export interface CyclicOptions extends CycleOptions {
  /** The decay of the cycles. Default: none. */
  readonly decay?: GeometricDecay | HarmonicDecay;
}

/** A {@link cyclic} policy as plain JSON. */
export interface CyclicPolicy extends CyclicOptions {
  /** Names the policy in plain data. */
  readonly type: 'cyclic';
}

const harmonic = object({ type: oneOf('harmonic') });
const geometric = object({
  type: oneOf('geometric', 'harmonic'),
  factor: positiveShare,
  per: oneOf('cycle', 'step'),
  of: oneOf('amplitude', 'bounds'),
});
const decayField: Read = (value, path) =>
  (Object(value).type === 'harmonic' ? harmonic : geometric)(value, path);

/** @internal */
export const cyclicKind: PolicyKind<CyclicPolicy> = register<CyclicPolicy>({
  type: 'cyclic',
  fields: { ...cycleFields, decay: optional(decayField) },
  check: checkBounds,
  schedule(policy) {
    const bounds = policy.decay?.type === 'geometric' && policy.decay.of === 'bounds';
    return (bounds ? shrinkingCycle : cycleSchedule)(policy, scaleOf(policy.decay));
  },
});

function scaleOf(decay: CyclicOptions['decay']): Scale {
  if (decay === undefined) return () => 1;
  if (decay.type === 'harmonic') return (cycle) => 1 / (cycle + 1);
  return decay.per === 'cycle' ? perCycle((cycle) => decay.factor ** cycle) : perStep(decay.factor);
}

/**
 * The general form of `triangular`, `triangular2` and `expRange`.
 *
 * `lr(t) = baseLr + (maxLr − baseLr) · w(t) · s`, or with `of: 'bounds'` `(baseLr + (maxLr − baseLr) · w(t)) · s`.
 * Geometric decay has `s = factor^cycle` or `s = factor^t`. Harmonic decay has `s = 1 / (cycle + 1)`, which is the
 * rule of the author's 2017 instructions for Caffe.
 *
 * @throws {PolicyError} as `triangular` does, or if the factor is outside (0, 1]
 * @see Smith, arXiv 1506.01186
 *
 * @example
 * ```ts
 * const bounds = { baseLr: 0.001, maxLr: 0.006, stepSize: 2000 };
 * const { lr } = toSchedule(cyclic({ ...bounds, decay: { type: 'harmonic' } }));
 * lr(6000); // 0.0035
 * lr(10000).toFixed(8); // '0.00266667'
 * ```
 */
export function cyclic(options: CyclicOptions): CyclicPolicy {
  return makePolicy(cyclicKind, options);
}

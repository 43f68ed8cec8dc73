import { PolicyError } from '../errors.ts';
import { join, number, oneOf, optional, positive, stepCount, unitInterval } from '../fields.ts';
import type { CustomSchedule } from '../schedule.ts';
import { halfCosine, lerp } from './arithmetic.ts';
import { checkBounds, type MomentumRange, momentumField } from './cycle.ts';
import { makePolicy, type PolicyKind, register } from './policyKind.ts';

/** Options of {@link oneCycle}; the defaults are PyTorch's. */
export interface OneCycleOptions {
  /** The peak, above 0. */
  readonly maxLr: number;
  /** The length of the run, in steps. */
  readonly totalSteps: number;
  /** The share of the run spent going up, in [0, 1], with `threePhase` in [0, 0.5]. Default 0.3. */
  readonly pctStart?: number;
  /** The first rate is `maxLr / divFactor`. Default 25. */
  readonly divFactor?: number;
  /** The last rate is the first one divided by this. Default 1e4. */
  readonly finalDivFactor?: number;
  /** The shape of each phase. Default `'cos'`. */
  readonly anneal?: 'cos' | 'linear';
  /**
   * Whether to use the paper's shape: up, symmetrically down, then down to the last rate. Default false: the rate
   * goes down in one phase.
   */
  readonly threePhase?: boolean;
  /** Cycle the momentum against the rate. Default: do not change it (PyTorch cycles 0.85 to 0.95). */
  readonly momentum?: MomentumRange;
}

/** A {@link oneCycle} policy as plain JSON. */
export interface OneCyclePolicy extends OneCycleOptions {
  /** Names the policy in plain data. */
  readonly type: 'oneCycle';
}

const divisor = number((value) => value >= 1, 'of at least 1');

/** @internal */
export const oneCycleKind: PolicyKind<OneCyclePolicy> = register<OneCyclePolicy>({
  type: 'oneCycle',
  fields: {
    maxLr: positive,
    totalSteps: stepCount,
    pctStart: optional(unitInterval),
    divFactor: optional(divisor),
    finalDivFactor: optional(divisor),
    anneal: optional(oneOf('cos', 'linear')),
    threePhase: optional(oneOf(true, false)),
    momentum: momentumField,
  },
  check(options, path) {
    checkBounds(options, path);
    if (options.threePhase && (options.pctStart ?? 0) > 0.5) {
      const expected = 'at most 0.5 with `threePhase`, because the fall takes as long as the rise';
      const advice = 'The third phase needs the rest of the run.';
      throw new PolicyError(join(path, 'pctStart'), options.pctStart, expected, advice);
    }
  },
  schedule: oneCycleSchedule,
});

/** One phase of the run, which ends at the step `end`. The rate and the momentum go from one value to the next. */
interface Way {
  readonly end: number;
  readonly lr: readonly [from: number, to: number];
  readonly momentum: readonly [from: number, to: number];
}

function oneCycleSchedule(policy: OneCyclePolicy): CustomSchedule {
  const { maxLr, totalSteps, pctStart = 0.3, divFactor = 25, finalDivFactor = 1e4 } = policy;
  const { base, max } = policy.momentum ?? { base: 0, max: 0 };
  const first = maxLr / divFactor;
  const last = first / finalDivFactor;
  // As in PyTorch, a phase need not end on a whole step.
  const peak = pctStart * totalSteps - 1;
  const end = totalSteps - 1;
  const ways: readonly Way[] = [
    { end: peak, lr: [first, maxLr], momentum: [max, base] },
    ...(policy.threePhase
      ? ([
          { end: 2 * peak, lr: [maxLr, first], momentum: [base, max] },
          { end, lr: [first, last], momentum: [max, max] },
        ] as const)
      : ([{ end, lr: [maxLr, last], momentum: [base, max] }] as const)),
  ];
  const linear = policy.anneal === 'linear';
  const value = (step: number, of: 'lr' | 'momentum'): number => {
    const time = Math.min(step, end);
    let index = 0;
    // The last phase ends at `end`, so the search stops there.
    while (time > ways[index]!.end) index++;
    const way = ways[index]!;
    const start = index > 0 ? ways[index - 1]!.end : 0;
    // A phase of length 0 ends at once. PyTorch divides by zero in that case.
    const x = way.end > start ? (time - start) / (way.end - start) : 1;
    const bounds = way[of];
    return lerp(bounds[0], bounds[1], linear ? x : halfCosine(x));
  };
  return {
    lr: (step) => value(step, 'lr'),
    momentum: (step) => (policy.momentum ? value(step, 'momentum') : undefined),
    position: (step) =>
      step < totalSteps
        ? { cycle: 0, phase: step / totalSteps, cycleEnd: totalSteps }
        : { cycle: 1, phase: 0, cycleEnd: Infinity },
  };
}

/**
 * One cycle for the whole run: up to `maxLr`, then down to far below the start.
 *
 * Let `first = maxLr / divFactor` and `last = first / finalDivFactor`. The rate goes from `first` to `maxLr` until
 * step `pctStart · totalSteps − 1`, then to `last` until step `totalSteps − 1`. With `threePhase` it goes from
 * `first` to `maxLr`, back to `first`, then to `last`. Past the end the rate stays at `last`, whereas PyTorch raises
 * an error.
 *
 * @throws {PolicyError} if a field is outside its range. Three phases whose `pctStart` is above 0.5 are refused too:
 * the third phase would begin after the end of the run, so the rate would not reach `last`
 * @see Smith, arXiv 1708.07120 and 1803.09820; PyTorch's `OneCycleLR`
 *
 * @example
 * ```ts
 * const { lr } = toSchedule(oneCycle({ maxLr: 0.1, totalSteps: 101, anneal: 'linear', pctStart: 0.5 }));
 * lr(0); // 0.004
 * lr(1000) === lr(100); // true
 * ```
 */
export function oneCycle(options: OneCycleOptions): OneCyclePolicy {
  return makePolicy(oneCycleKind, options);
}

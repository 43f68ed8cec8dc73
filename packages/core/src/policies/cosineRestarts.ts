import { nonNegative, optional, positive, stepCount } from '../fields.ts';
import type { CustomSchedule } from '../schedule.ts';
import { halfCosine, lerp } from './arithmetic.ts';
import { checkBounds } from './cycle.ts';
import { makePolicy, type PolicyKind, register } from './policyKind.ts';

/** Options of {@link cosineRestarts}. */
export interface CosineRestartsOptions {
  /** The rate at the end of each cycle. At least 0. */
  readonly baseLr: number;
  /** The rate at the start of each cycle. Above 0, at least `baseLr`. */
  readonly maxLr: number;
  /** The length of the first cycle, in steps (a whole cycle, not half of one). */
  readonly firstCycle: number;
  /** The length of each cycle divided by that of the previous cycle. It is a positive integer. Default 1. */
  readonly cycleMultiplier?: number;
}

/** A {@link cosineRestarts} policy as plain JSON. */
export interface CosineRestartsPolicy extends CosineRestartsOptions {
  /** Names the policy in plain data. */
  readonly type: 'cosineRestarts';
}

/** @internal */
export const cosineRestartsKind: PolicyKind<CosineRestartsPolicy> = register<CosineRestartsPolicy>({
  type: 'cosineRestarts',
  fields: {
    baseLr: nonNegative,
    maxLr: positive,
    firstCycle: stepCount,
    cycleMultiplier: optional(stepCount),
  },
  check: checkBounds,
  schedule: cosineSchedule,
});

function cosineSchedule({
  baseLr,
  maxLr,
  firstCycle,
  cycleMultiplier = 1,
}: CosineRestartsPolicy): CustomSchedule {
  let current = { cycle: 0, start: 0, length: firstCycle };
  /**
   * Finds the cycle of a step by integer arithmetic, and keeps it, because the next step is nearly always in the same
   * cycle.
   */
  const cycleOf = (step: number): typeof current => {
    if (step < current.start || step >= current.start + current.length) {
      let [cycle, start, length] = [0, 0, firstCycle];
      if (cycleMultiplier === 1) {
        cycle = Math.floor(step / firstCycle);
        start = cycle * firstCycle;
      } else {
        for (; step >= start + length; cycle++) {
          start += length;
          length *= cycleMultiplier;
        }
      }
      current = { cycle, start, length };
    }
    return current;
  };
  return {
    lr(step) {
      const { start, length } = cycleOf(step);
      return lerp(maxLr, baseLr, halfCosine((step - start) / length));
    },
    position(step) {
      const { cycle, start, length } = cycleOf(step);
      return { cycle, phase: (step - start) / length, cycleEnd: start + length };
    },
  };
}

/**
 * Cosine annealing with warm restarts: down from `maxLr` to `baseLr`, then a jump back up.
 *
 * `lr = baseLr + ½ · (maxLr − baseLr) · (1 + cos(π · position / length))`; the length is `firstCycle`,
 * then `firstCycle · cycleMultiplier`, and so on.
 *
 * @throws {PolicyError} if a bound is negative, not finite or above the other, or a count is not a positive
 *   integer
 * @see Loshchilov and Hutter, SGDR, arXiv 1608.03983; PyTorch's `CosineAnnealingWarmRestarts`
 *
 * @example
 * ```ts
 * const { lr, at } = toSchedule(cosineRestarts({ baseLr: 0, maxLr: 0.1, firstCycle: 10, cycleMultiplier: 2 }));
 * lr(0); // 0.1
 * lr(10); // 0.1
 * at(10).cycleEnd; // 30
 * ```
 */
export function cosineRestarts(options: CosineRestartsOptions): CosineRestartsPolicy {
  return makePolicy(cosineRestartsKind, options);
}

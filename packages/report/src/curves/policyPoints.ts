import { checkOptionNames, type ScheduleLike, toSchedule } from '@clr/core';
import { checkCount } from './checkCount.ts';
import { sampleSteps } from './sampleSteps.ts';
import { type Point, thin } from './thin.ts';
import { troughsOf } from './troughsOf.ts';

/** Options of {@link policyPoints}. */
export interface PolicyPointsOptions {
  /** The number of steps. Default: the first four cycles, or 1,000 steps if the policy has no cycles. */
  readonly steps?: number;
  /** The approximate maximum number of points in a curve, at least 4. Default 2,000. */
  readonly most?: number;
}

/** The curves of a policy. */
export interface PolicyPoints {
  /** The number of steps that the points cover. */
  readonly steps: number;
  /** The rate over the steps, thinned without losing a peak or a trough. */
  readonly rates: readonly Point[];
  /** The momentum over the steps, if the policy cycles it. */
  readonly momenta?: readonly Point[];
  /** The first troughs, 25 at most. */
  readonly troughs: readonly number[];
}

/**
 * Returns the curves that `renderPolicy` draws, for your own drawing without ECharts. Of more than 100,000 steps it
 * takes a sample.
 *
 * @throws {PolicyError} if the policy is not legal
 * @throws {ClrError} if `steps` or `most` is not a whole number, or too small
 *
 * @example
 * ```ts
 * const { rates, troughs } = policyPoints(triangular2({ baseLr: 0.001, maxLr: 0.006, stepSize: 500 }));
 * [rates.length <= 2000, troughs[0]]; // [true, 1000]
 * ```
 */
export function policyPoints(policy: ScheduleLike, options: PolicyPointsOptions = {}): PolicyPoints {
  const { steps: given, most = 2000 } = checkOptionNames('clr/report', 'policyPoints', options, [
    'steps',
    'most',
  ]);
  const schedule = toSchedule(policy);
  const steps = given ?? troughsOf(schedule, Infinity, 4).at(-1) ?? 1000;
  checkCount('steps', steps, 1, 'Pass the number of steps of the policy to draw.');
  checkCount('most', most, 4, 'Give twice the width of the drawing in pixels.');
  const drawn = sampleSteps(schedule, steps);
  const sample = (value: (step: number) => number | undefined): readonly Point[] =>
    thin(
      drawn.map((step) => [step, value(step) ?? null] as const),
      most,
    );
  return {
    steps,
    rates: sample(schedule.lr),
    ...(schedule.momentum(0) !== undefined && { momenta: sample(schedule.momentum) }),
    troughs: troughsOf(schedule, steps, 25),
  };
}

import { type CycleOptions, checkBounds, cycleFields, cycleSchedule } from './cycle.ts';
import { makePolicy, type PolicyKind, register } from './policyKind.ts';

/** Options of {@link triangular}: the bounds and the shape of a cycle. */
export type TriangularOptions = CycleOptions;

/** A {@link triangular} policy as plain JSON. */
export interface TriangularPolicy extends TriangularOptions {
  /** Names the policy in plain data. */
  readonly type: 'triangular';
}

/** @internal */
export const triangularKind: PolicyKind<TriangularPolicy> = register<TriangularPolicy>({
  type: 'triangular',
  fields: cycleFields,
  check: checkBounds,
  schedule: (policy) => cycleSchedule(policy, () => 1),
});

/**
 * The rate goes from `baseLr` to `maxLr` and back, cycle after cycle: the paper's first policy.
 *
 * `lr(t) = baseLr + (maxLr − baseLr) · w(t)`, where `w` rises from 0 to 1 in `stepSize` steps and falls
 * back in `stepSizeDown`.
 *
 * @throws {PolicyError} if a bound is negative, not finite or above the other, or a step count is not a
 *   positive integer
 * @see Smith, arXiv 1506.01186, section 3.1
 *
 * @example
 * ```ts
 * const { lr } = toSchedule(triangular({ baseLr: 0.001, maxLr: 0.006, stepSize: 2000 }));
 * lr(0); // 0.001
 * lr(1000); // 0.0035
 * lr(2000); // 0.006
 * lr(4000); // 0.001
 * ```
 */
export function triangular(options: TriangularOptions): TriangularPolicy {
  return makePolicy(triangularKind, options);
}

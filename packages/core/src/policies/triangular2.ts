import { type CycleOptions, checkBounds, cycleFields, cycleSchedule, perCycle } from './cycle.ts';
import { makePolicy, type PolicyKind, register } from './policyKind.ts';

/** Options of {@link triangular2}: the bounds and the shape of the first cycle. */
export type Triangular2Options = CycleOptions;

/** A {@link triangular2} policy as plain JSON. */
export interface Triangular2Policy extends Triangular2Options {
  /** Names the policy in plain data. */
  readonly type: 'triangular2';
}

/** @internal */
export const triangular2Kind: PolicyKind<Triangular2Policy> = register<Triangular2Policy>({
  type: 'triangular2',
  fields: cycleFields,
  check: checkBounds,
  schedule: (policy) =>
    cycleSchedule(
      policy,
      perCycle((cycle) => 0.5 ** cycle),
    ),
});

/**
 * A {@link triangular} policy whose amplitude halves after every cycle, as in the main experiment of Smith's paper.
 *
 * `lr(t) = baseLr + (maxLr − baseLr) · w(t) / 2^cycle`; `baseLr` stays.
 *
 * @throws {PolicyError} as `triangular` does
 * @see Smith, arXiv 1506.01186, section 3.1 and appendix A
 *
 * @example
 * ```ts
 * const { lr } = toSchedule(triangular2({ baseLr: 0.001, maxLr: 0.006, stepSize: 2000 }));
 * lr(2000); // 0.006
 * lr(6000); // 0.0035
 * lr(10000); // 0.00225
 * ```
 */
export function triangular2(options: Triangular2Options): Triangular2Policy {
  return makePolicy(triangular2Kind, options);
}

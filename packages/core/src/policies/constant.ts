import { positive } from '../fields.ts';
import { makePolicy, type PolicyKind, register } from './policyKind.ts';

/** Options of {@link constant}. */
export interface ConstantOptions {
  /** The rate of every step, above 0. */
  readonly lr: number;
}

/** A {@link constant} policy as plain JSON. */
export interface ConstantPolicy extends ConstantOptions {
  /** Names the policy in plain data. */
  readonly type: 'constant';
}

/** @internal */
export const constantKind: PolicyKind<ConstantPolicy> = register<ConstantPolicy>({
  type: 'constant',
  fields: { lr: positive },
  schedule: ({ lr }) => ({ lr: () => lr }),
});

/**
 * The same rate at every step: the paper's "fixed".
 *
 * @throws {PolicyError} if the rate is not a finite number above 0
 *
 * @example
 * ```ts
 * toSchedule(constant({ lr: 0.001 })).lr(123456); // 0.001
 * ```
 */
export function constant(options: ConstantOptions): ConstantPolicy {
  return makePolicy(constantKind, options);
}

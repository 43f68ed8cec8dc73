import { PolicyError } from './errors.ts';
import { parsePolicy } from './parsePolicy.ts';
import type { Policy } from './policy.ts';

/**
 * True if unknown data is a policy, that is, if `parsePolicy` accepts it. A schedule is not a policy, even if it
 * has a `type`.
 *
 * @example
 * ```ts
 * isPolicy({ type: 'constant', lr: 0.01 }); // true
 * isPolicy({ type: 'constant', lr: -1 }); // false
 * isPolicy(toSchedule(constant({ lr: 0.01 }))); // false
 * ```
 */
export function isPolicy(value: unknown): value is Policy {
  try {
    parsePolicy(value);
    return true;
  } catch (error) {
    if (error instanceof PolicyError) return false;
    throw error;
  }
}

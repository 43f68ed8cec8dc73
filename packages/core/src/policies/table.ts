import { list, nonNegative } from '../fields.ts';
import { makePolicy, type PolicyKind, register } from './policyKind.ts';

/** Options of {@link table}. */
export interface TableOptions {
  /** The rates of steps 0, 1, 2, … The list holds at least one rate. Each rate is finite and at least 0. */
  readonly values: readonly number[];
}

/** A {@link table} policy as plain JSON. */
export interface TablePolicy extends TableOptions {
  /** Names the policy in plain data. */
  readonly type: 'table';
}

/** @internal */
export const tableKind: PolicyKind<TablePolicy> = register<TablePolicy>({
  type: 'table',
  fields: { values: list(nonNegative) },
  schedule: ({ values }) => ({ lr: (step) => values[Math.min(step, values.length - 1)]! }),
});

/**
 * A list of rates, one for each step. After the end the last rate is used.
 *
 * @throws {PolicyError} if the list is empty, or a rate is negative or not finite
 *
 * @example
 * ```ts
 * toSchedule(table({ values: [0.1, 0.05, 0.01] })).lr(7); // 0.01
 * ```
 */
export function table(options: TableOptions): TablePolicy {
  return makePolicy(tableKind, options);
}

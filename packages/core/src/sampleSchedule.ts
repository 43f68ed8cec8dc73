import { ClrError, show } from './errors.ts';
import type { ScheduleLike } from './schedule.ts';
import { toSchedule } from './toSchedule.ts';

/** Options of {@link sampleSchedule}. */
export interface SampleOptions {
  /** The first step. Default 0. */
  readonly from?: number;
  /** How many steps. */
  readonly steps: number;
  /** Which of the two. Default `'lr'`. */
  readonly of?: 'lr' | 'momentum';
}

/**
 * The rates (or momenta) of consecutive steps, each the float64 value rounded once to float32: a table for a
 * device to read. 100,000 steps take 400 kB.
 *
 * `table[i] === Math.fround(schedule.lr(from + i))`
 *
 * @throws {ClrError} if a count is not an integer, or the momentum of a policy that has none is asked for
 *
 * @example
 * ```ts
 * const policy = triangular({ baseLr: 0, maxLr: 1, stepSize: 2 });
 * Array.from(sampleSchedule(policy, { steps: 5 })); // [0, 0.5, 1, 0.5, 0]
 * ```
 */
export function sampleSchedule(
  source: ScheduleLike,
  { from = 0, steps, of = 'lr' }: SampleOptions,
): Float32Array {
  for (const [name, count] of Object.entries({ from, steps })) {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new ClrError('clr/core', {
        expected: `${name} to be an integer of at least 0`,
        received: `${name} = ${show(count)}`,
        advice: 'Count in steps.',
      });
    }
  }
  const schedule = toSchedule(source);
  const values = new Float32Array(steps);
  if (of === 'momentum') {
    for (let index = 0; index < steps; index++) {
      values[index] = schedule.momentum(from + index) ?? noMomentum(from + index);
    }
  } else {
    for (let index = 0; index < steps; index++) values[index] = schedule.lr(from + index);
  }
  return values;
}

function noMomentum(step: number): never {
  throw new ClrError('clr/core', {
    expected: 'a policy with a momentum',
    received: `none at step ${step}`,
    advice: 'Give the policy momentum: { base, max }, or sample its lr.',
  });
}

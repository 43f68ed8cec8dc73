import { checkOptionNames } from './checkOptionNames.ts';
import { PolicyError } from './errors.ts';
import { oneOf, stepCount } from './fields.ts';
import { maxSamples } from './limits.ts';
import type { ScheduleLike } from './toSchedule.ts';
import { toSchedule } from './toSchedule.ts';

/** Options of {@link sampleSchedule}. */
export interface SampleOptions {
  /** The first step. Default 0. */
  readonly from?: number;
  /** The number of steps, at least 1. */
  readonly steps: number;
  /** Sample the rate or the momentum. Default `'lr'`. */
  readonly of?: 'lr' | 'momentum';
}

const sampled = oneOf('lr', 'momentum');

/**
 * The rates (or momenta) of consecutive steps, as a table for a device to read. Each is the float64 value, rounded once
 * to float32. 100,000 steps take 400 kB.
 *
 * `table[i] === Math.fround(schedule.lr(from + i))`
 *
 * @throws {PolicyError} if `steps` is not an integer from 1 to 100,000,000, `from` is not a step, `of` is neither of the two, or the
 * policy has no momentum to sample
 *
 * @example
 * ```ts
 * const policy = triangular({ baseLr: 0, maxLr: 1, stepSize: 2 });
 * Array.from(sampleSchedule(policy, { steps: 5 })); // [0, 0.5, 1, 0.5, 0]
 * ```
 */
export function sampleSchedule(source: ScheduleLike, options: SampleOptions): Float32Array {
  const names = ['from', 'steps', 'of'] as const;
  const { from = 0, steps, of = 'lr' } = checkOptionNames('clr/core', 'sampleSchedule', options, names);
  stepCount(steps, 'steps');
  sampled(of, 'of');
  if (steps > maxSamples) {
    throw new PolicyError(
      'steps',
      steps,
      `at most ${maxSamples}`,
      'Sample the rest in further calls, with `from`.',
    );
  }
  if (from !== 0) stepCount(from, 'from');
  const schedule = toSchedule(source);
  const values = new Float32Array(steps);
  // There are two loops, because a choice inside a single loop would cost a tenth of its speed.
  if (of === 'lr') for (let index = 0; index < steps; index++) values[index] = schedule.lr(from + index);
  else
    for (let index = 0; index < steps; index++)
      values[index] = schedule.momentum(from + index) ?? noMomentum();
  return values;
}

function noMomentum(): never {
  throw new PolicyError('momentum', undefined, '{ base, max }', 'Give the policy a momentum.');
}

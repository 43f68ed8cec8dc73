import { fieldsOf, join } from '../fields.ts';
import type { Policy } from '../policy.ts';
import type { ScheduleLike } from '../toSchedule.ts';
import { policyOf, toSchedule } from '../toSchedule.ts';
import { notTaken, readerOf } from '../trainable/checkHyperparameters.ts';
import type { Trainable } from '../trainable/trainable.ts';

/**
 * Hyperparameters besides the rate, by name: a number for all steps, a function from step to value, or a policy whose
 * rate is the value. An example is `{ weightDecay: triangular({ baseLr: 1e-4, maxLr: 5e-4, stepSize: 100 }),
 * clipNorm: 1 }`.
 */
export type Hyper = Readonly<Record<string, number | ScheduleLike>>;

/** The values of hyperparameters, by name. */
export type HyperValues = Readonly<Record<string, number>>;

/** A {@link Hyper} that was checked. */
export interface ReadHyper {
  /** The values at a step. */
  readonly at: (step: number) => HyperValues;
  /** The numbers and policies, for the record. */
  readonly data: Readonly<Record<string, number | Policy>>;
}

/**
 * Reads `hyper` of `train`. Refuses names that the Trainable does not support, and values that are bad at one of the
 * given steps.
 *
 * @param scheduled - the names that the policy itself sets
 * @param steps - the first and the last step, at which most mistakes show
 */
export function readHyper(
  hyper: Hyper,
  { hyperparameters = [] }: Pick<Trainable<never>, 'hyperparameters'>,
  scheduled: readonly string[],
  steps: readonly number[],
): ReadHyper {
  const takes = hyperparameters.filter((name) => !scheduled.includes(name));
  const given = fieldsOf(hyper, 'hyper', 'an object that names hyperparameters') as Hyper;
  const schedules = Object.entries(given).map(([name, source]) => {
    const path = join('hyper', name);
    if (!takes.includes(name)) throw notTaken(path, source, takes);
    const read = readerOf(name);
    const plain = typeof source === 'number' ? (read(source, path) as number) : policyOf(source, path);
    const valueAt = valuesOf(plain ?? source);
    return { name, plain, at: (step: number) => read(valueAt(step), `${path}(${step})`) as number };
  });
  const at = (step: number): HyperValues =>
    Object.fromEntries(schedules.map(({ name, at }) => [name, at(step)]));
  steps.forEach(at);
  const data = schedules.flatMap(({ name, plain }) => (plain === undefined ? [] : [[name, plain]]));
  return { at, data: Object.fromEntries(data) };
}

function valuesOf(source: number | ScheduleLike): (step: number) => unknown {
  if (typeof source === 'number') return () => source;
  return typeof source === 'function' ? source : toSchedule(source).lr;
}

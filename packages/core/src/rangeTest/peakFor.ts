import { PolicyError } from '../errors.ts';
import { type Fields, positive, type Read, readFields, record, stepCount } from '../fields.ts';
import { fitToCycles } from '../fitToCycles.ts';
import { maxSamples } from '../limits.ts';
import { readPolicy } from '../policies/readPolicy.ts';
import type { Policy } from '../policy.ts';
import { toSchedule } from '../toSchedule.ts';
import { lengthExponent } from './calibration.ts';
import type { RangeTestFinding } from './finding.ts';
import { peakRatio } from './peakRatio.ts';

/** The options of {@link peakFor}: a range test, or a constant rate that is known to be good. */
export type PeakSource =
  | {
      /** The result of `analyzeRangeTest` for the `steps` of the training. */
      readonly finding: RangeTestFinding;
    }
  | {
      /** The best constant rate for a training of `steps` steps. */
      readonly fixedLr: number;
      /** The length of that training, in updates. */
      readonly steps: number;
    };

/** A peak below this has too few digits to be multiplied. */
const minPeak = 1e-300;

/** A rate that fits one shape: a decay (`maxLr`), or a constant rate. */
type Anchor = { readonly steps: number } & ({ readonly maxLr: number } | { readonly fixedLr: number });

/**
 * Multiplies all rates of a policy by one number, so that its peak fits a model.
 *
 * Let `r` be the best peak of such a shape divided by the best constant rate for as many steps. It depends on the
 * shape alone: about 3 for a decay, 1.6 for `wsd`, 1 for a constant rate, and never below 1. A range test gives the
 * best peak of a linear decay, `maxLr`, which is the edge divided by a factor for the kind of update. The peak of a
 * policy never goes above `maxLr`:
 *
 * `peak = maxLr · min(1, r / r of a linear decay)`
 *
 * If a good constant rate for `steps` steps is given instead, there is no such cap, and `r` multiplies any error in
 * that rate:
 *
 * `peak = fixedLr · r · (steps / T)^p`
 *
 * `T` is the step count nearest to `steps` at which a cycle of the policy ends, and `p` is the exponent by which a
 * longer training needs a lower rate.
 *
 * @param policy - any policy; its peak does not matter
 * @throws {PolicyError} if the finding has no suggestion, a rate or `steps` is bad, the policy has no rate above
 *   1e-300, or `T` is above 100,000,000
 * @see Defazio et al., arXiv 2310.07831, theorem 10; Schaipp et al., arXiv 2501.18965, who use that theorem to carry
 *   rates from one schedule to another
 *
 * @example
 * ```ts
 * const shape = decay({ maxLr: 1, steps: 1000 });
 * peakFor(shape, { fixedLr: 0.01, steps: 1000 }).maxLr.toFixed(4); // '0.0288'
 * peakFor(constant({ lr: 1 }), { fixedLr: 0.01, steps: 1000 }).lr; // 0.01
 * ```
 */
export function peakFor<P extends Policy>(policy: P, source: PeakSource): P {
  const data = readPolicy(policy);
  const anchor = anchorOf(source);
  const { steps } = anchor;
  const length = fitToCycles(data, steps);
  if (length > maxSamples) {
    const advice = 'Take a policy that ends a cycle sooner, or fewer steps.';
    throw new PolicyError('steps', length, `at most ${maxSamples}, up to the end of a cycle`, advice);
  }
  const { lr } = toSchedule(data);
  let peak = 0;
  for (let step = 0; step < length; step++) peak = Math.max(peak, lr(step));
  if (peak < minPeak) {
    const expected = `a policy with a rate of at least ${minPeak} in its first ${length} steps`;
    throw new PolicyError('policy', data, expected, 'No factor makes a rate of 0 train.');
  }
  // The bound behind `peakRatio` is useless for rates that drop to almost 0 at once. The ratio is at least 1 all the
  // same, because any shape is stable below a good constant rate.
  const ratio = Math.max(1, peakRatio(lr, peak, length));
  const wanted =
    'maxLr' in anchor
      ? anchor.maxLr * Math.min(1, ratio / peakRatio((step) => length - step, length, length))
      : anchor.fixedLr * ratio * (steps / length) ** lengthExponent;
  return readPolicy(scaled(data, wanted / peak)) as P;
}

const suggestion = record({ maxLr: positive, steps: stepCount });

const finding: Read = (value, path) => {
  const { suggestion: given, reasons } = Object(value) as Partial<RangeTestFinding>;
  if (given !== null) return suggestion(given, `${path}.suggestion`);
  const advice = `The range test gave none. ${[reasons].flat().join(' ')}`;
  throw new PolicyError(`${path}.suggestion`, given, 'rates', advice.trim());
};

function anchorOf(source: PeakSource): Anchor {
  const found = Object.keys(Object(source)).some((name) => name.startsWith('fin'));
  const fields: Fields = found ? { finding } : { fixedLr: positive, steps: stepCount };
  const read = readFields(source, fields, '');
  return (found ? read.finding : read) as Anchor;
}

/** The fields of policies that hold rates are `lr`, `…Lr`, and `values` of a table. */
const rateName = /^lr$|Lr$|^values$/;

/** Multiplies all rates in plain data. */
function scaled(value: unknown, factor: number, name = ''): unknown {
  if (typeof value === 'number') return rateName.test(name) ? value * factor : value;
  if (Array.isArray(value)) return value.map((each) => scaled(each, factor, name));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, scaled(each, factor, key)]));
}

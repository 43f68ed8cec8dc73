import { PolicyError } from '../errors.ts';
import { stepCount } from '../fields.ts';
import type { ScheduleLike } from '../toSchedule.ts';
import { policyOf, toSchedule } from '../toSchedule.ts';

/** The examples of a batch. */
export interface BatchPlace {
  /** The step that uses the batch, from 0. */
  readonly step: number;
  /** The number of examples. */
  readonly size: number;
  /** The number of examples in all earlier batches: the start of the batch in an endless list of examples. */
  readonly start: number;
}

/**
 * Batches whose size follows a schedule. `make` is called for every step. The batches are endless, so a run has a
 * single epoch. Compute your own epoch number as `Math.floor(start / examples)`. A run that resumes makes the earlier
 * batches again and skips them.
 *
 * @param sizes - the size of each step's batch, rounded to whole examples: a function of the step, or a policy whose
 *   rate is the size
 * @param make - makes a batch, or a promise of one; it must return the same batch for the same place, so that a run can
 *   be resumed
 * @returns an iterable for `train` and `rangeTest` that starts again each time it is iterated
 * @throws {PolicyError} if the policy is bad; later, while the batches are read, if a size is not above 0
 * @see Smith et al., Don't Decay the Learning Rate, Increase the Batch Size, arXiv 1711.00489; Smith, General Cyclical
 * Training of Neural Networks, arXiv 2202.08835
 *
 * @example
 * ```ts
 * const data = Array.from({ length: 10 }, (_, i) => i);
 * const doubling = batchesOf((step) => 2 ** step, ({ size, start }) =>
 *   Array.from({ length: size }, (_, i) => data[(start + i) % data.length]),
 * );
 * const seen = [];
 * for await (const batch of doubling) if (seen.push(batch) === 3) break;
 * seen; // [[0], [1, 2], [3, 4, 5, 6]]
 * ```
 */
export function batchesOf<Batch>(
  sizes: ScheduleLike,
  make: (place: BatchPlace) => Batch | Promise<Batch>,
): AsyncIterable<Batch> {
  const { lr } = toSchedule(policyOf(sizes, 'sizes') ?? sizes);
  if (typeof make !== 'function') {
    throw new PolicyError('make', make, 'a function', 'Give a function that makes the batch of a place.');
  }
  return {
    async *[Symbol.asyncIterator]() {
      for (let step = 0, start = 0; ; step++) {
        const size = Math.round(lr(step));
        stepCount(size, `the size of batch ${step}`);
        yield await make({ step, size, start });
        start += size;
      }
    },
  };
}

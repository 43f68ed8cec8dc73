import { ClrError } from '../errors.ts';
import { median } from '../statistics.ts';
import { type BatchPass, checkIterable, freshPass } from './batches.ts';
import type { Metrics } from './trainable.ts';

/** The targets of a batch, and their loss. */
export type ConstantTargets =
  /** Class indices; the loss is cross-entropy. */
  | {
      /** The loss of the training. */
      readonly loss: 'crossEntropy';
      /** The class of each position, from 0. */
      readonly classes: ArrayLike<number | bigint>;
    }
  /**
   * Shares of `width` classes; the loss is cross-entropy. The shares of one position lie `stride` numbers apart
   * (default 1), as in the shape [N, classes, stride].
   */
  | {
      /** The loss of the training. */
      readonly loss: 'crossEntropy';
      /** The shares of the classes at each position. */
      readonly shares: ArrayLike<number>;
      /** The number of classes. */
      readonly width: number;
      /** The distance between neighbouring shares of one position, in numbers. Default 1. */
      readonly stride?: number;
    }
  /** `width` numbers for each example. The loss is mean squared error, mean absolute error or binary cross-entropy. */
  | {
      /** The loss of the training. */
      readonly loss: 'mse' | 'l1' | 'binaryCrossEntropy';
      /** The targets of all examples, one after another. */
      readonly values: ArrayLike<number>;
      /** The number of values of an example. */
      readonly width: number;
    };

/**
 * The metrics of the best constant answer: the outputs that fit the targets best if they must be the same for every
 * example. A model that has learned nothing from its inputs can reach these metrics. An adapter returns them from its
 * `constantAnswer`.
 *
 * - cross-entropy: `loss = −Σ share · ln(share)` over the classes, where each share is a mean over all positions;
 *   `accuracy` is the largest share of positions that have the same most probable class
 * - mse: the variance of the targets
 * - l1: the mean distance of the targets from their median
 * - binary cross-entropy: `−p · ln p − (1 − p) · ln(1 − p)`, where p is the mean of the targets
 *
 * The last three are computed for each output separately, and then averaged over the outputs.
 *
 * @param targetsOf - reads a batch's targets; all batches must have the same loss
 * @throws {ClrError} if there are no batches
 *
 * @example
 * ```ts
 * const batches = [{ classes: [0, 1] }, { classes: [0, 0] }];
 * const answer = await constantAnswer(batches, ({ classes }) => ({ loss: 'crossEntropy', classes }));
 * answer.accuracy; // 0.75
 * answer.loss.toFixed(3); // '0.562'
 * ```
 */
export async function constantAnswer<Batch>(
  batches: BatchPass<Batch>,
  targetsOf: (batch: Batch) => ConstantTargets | Promise<ConstantTargets>,
): Promise<Metrics> {
  checkIterable('batches', batches);
  const classes: ClassCounts = { mass: new Map(), right: new Map(), count: 0 };
  let outputs: OutputSums | undefined;
  let loss: ConstantTargets['loss'] | undefined;
  for await (const batch of batches) {
    const targets = await targetsOf(batch);
    loss = targets.loss;
    if ('classes' in targets) countClasses(classes, targets.classes);
    else if ('shares' in targets) countShares(classes, targets);
    else {
      outputs ??= sumsOf(targets.width, targets.loss === 'l1');
      sumUp(outputs, targets.values);
    }
  }
  if (loss === undefined) {
    throw new ClrError('clr/core', {
      expected: 'at least one batch with targets',
      received: 'none',
      advice: freshPass,
    });
  }
  if (loss !== 'crossEntropy') return { loss: lossOf[loss](outputs!) };
  const { mass, right, count } = classes;
  const all = sum(mass.values());
  // Shares need not sum to 1, and the loss is a sum over them.
  const information = sum([...mass.values()].map((part) => informationOf(part / all)));
  return { loss: (all / count) * information, accuracy: Math.max(...right.values()) / count };
}

/** Sums of the shares of each class, how often each is the largest, and the number of positions. */
interface ClassCounts {
  readonly mass: Map<number, number>;
  readonly right: Map<number, number>;
  count: number;
}

const add = (to: Map<number, number>, at: number, more: number): void => {
  to.set(at, (to.get(at) ?? 0) + more);
};

function countClasses(counts: ClassCounts, classes: ArrayLike<number | bigint>): void {
  for (let i = 0; i < classes.length; i++) {
    const index = Number(classes[i]);
    add(counts.mass, index, 1);
    add(counts.right, index, 1);
  }
  counts.count += classes.length;
}

function countShares(
  counts: ClassCounts,
  { shares, width, stride = 1 }: { shares: ArrayLike<number>; width: number; stride?: number },
): void {
  for (let start = 0; start < shares.length; start += width * stride) {
    for (let place = 0; place < stride; place++) {
      const at = (of: number): number => shares[start + of * stride + place]!;
      let largest = 0;
      for (let of = 0; of < width; of++) {
        add(counts.mass, of, at(of));
        if (at(of) > at(largest)) largest = of;
      }
      add(counts.right, largest, 1);
      counts.count++;
    }
  }
}

/** The running mean of each output's targets, and the sum of their squared distances from it. */
interface OutputSums {
  readonly mean: Float64Array;
  readonly squares: Float64Array;
  /** All targets, which a median needs. */
  readonly all: number[][] | undefined;
  examples: number;
}

const sumsOf = (width: number, keep: boolean): OutputSums => ({
  mean: new Float64Array(width),
  squares: new Float64Array(width),
  all: keep ? Array.from({ length: width }, () => []) : undefined,
  examples: 0,
});

function sumUp(sums: OutputSums, values: ArrayLike<number>): void {
  const { mean, squares, all } = sums;
  for (let i = 0; i < values.length; i++) {
    const at = i % mean.length;
    if (at === 0) sums.examples++;
    const value = values[i]!;
    const off = value - mean[at]!;
    mean[at]! += off / sums.examples;
    squares[at]! += off * (value - mean[at]!);
    if (all) all[at]!.push(value);
  }
}

/** The mean loss over the outputs, with the best constant for each. */
const lossOf = {
  mse: ({ squares, examples }: OutputSums): number => average(squares) / examples,
  l1: ({ all = [] }: OutputSums): number =>
    average(
      all.map((targets) => {
        const centre = median(targets);
        return average(targets.map((target) => Math.abs(target - centre)));
      }),
    ),
  binaryCrossEntropy: ({ mean }: OutputSums): number =>
    average([...mean].map((share) => informationOf(share) + informationOf(1 - share))),
};

const informationOf = (share: number): number => (share > 0 ? -share * Math.log(share) : share);

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

const average = (values: ArrayLike<number> & Iterable<number>): number => sum(values) / values.length;

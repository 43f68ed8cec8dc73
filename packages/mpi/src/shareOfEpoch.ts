import { checkOptionNames } from '@clr/core';
import { fail } from './errors.ts';

/** Options of {@link shareOfEpoch}. */
export interface ShareOptions {
  /** The number of examples in the data set. */
  readonly examples: number;
  /** The number of examples in a whole batch, which the processes divide between them. */
  readonly batch: number;
  /** The number of this process, from 0. */
  readonly rank: number;
  /** The number of processes. */
  readonly size: number;
  /** The number of the epoch, from 0. */
  readonly epoch: number;
  /** The seed for the order of the examples. Default 1. */
  readonly seed?: number;
}

/**
 * The share of one process in an epoch: for each batch, the indices of its examples.
 *
 * Each epoch has a new random order, the same on every process. An epoch has `round(examples / batch)` batches, but at
 * least one. Their sizes differ by at most one example, so no example is lost and no batch is tiny. A batch is divided
 * between the processes in the same way. Every process has the same number of batches.
 *
 * @returns index arrays, one for each batch
 * @throws {ClrError} if a number is not an integer or is too small, if `rank` is not below `size`, or if a batch has
 * fewer examples than there are processes
 *
 * @example
 * ```ts
 * const of = (rank) => shareOfEpoch({ examples: 10, batch: 5, rank, size: 2, epoch: 0 });
 * of(0).map((share) => share.length); // [3, 3]
 * of(1).map((share) => share.length); // [2, 2]
 * new Set([...of(0), ...of(1)].flat()).size; // 10
 * ```
 */
export function shareOfEpoch(options: ShareOptions): number[][] {
  const names = ['examples', 'batch', 'rank', 'size', 'epoch', 'seed'] as const;
  const {
    examples,
    batch,
    rank,
    size,
    epoch,
    seed = 1,
  } = checkOptionNames('clr/mpi', 'shareOfEpoch', options, names);
  for (const [name, value, least] of [
    ['examples', examples, 1],
    ['batch', batch, 1],
    ['size', size, 1],
    ['rank', rank, 0],
    ['epoch', epoch, 0],
    ['seed', seed, 0],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < least) {
      throw fail(`${name} to be an integer of at least ${least}`, `${name} = ${value}`, 'Pass an integer.');
    }
  }
  if (rank >= size)
    throw fail('rank to be below size', `rank = ${rank}, size = ${size}`, 'Pass rank and size of mpi().');
  const batches = Math.max(1, Math.round(examples / batch));
  if (Math.floor(examples / batches) < size) {
    throw fail(
      'at least one example of each batch for every process',
      `batches of ${Math.floor(examples / batches)} for ${size} processes`,
      'Use larger batches or fewer processes.',
    );
  }
  const order = shuffled(examples, seed, epoch);
  return Array.from({ length: batches }, (_, index) => {
    const [from, to] = slice(examples, batches, index);
    const [start, end] = slice(to - from, size, rank);
    return order.slice(from + start, from + end);
  });
}

/** The bounds of part `index` of `parts`. The sizes of parts differ by at most one, and larger parts come first. */
function slice(whole: number, parts: number, index: number): [number, number] {
  const start = (i: number): number => i * Math.floor(whole / parts) + Math.min(i, whole % parts);
  return [start(index), start(index + 1)];
}

/** The numbers below `count` in an order determined by seed and epoch (Fisher and Yates, mulberry32). */
function shuffled(count: number, seed: number, epoch: number): number[] {
  let state = Math.imul(seed, 0x9e3779b1) ^ Math.imul(epoch + 1, 0x85ebca6b);
  const random = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

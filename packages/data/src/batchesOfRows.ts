import { checkOptionNames } from '@clr/core';
import type { Dataset, Values } from './dataset.ts';
import { fail } from './errors.ts';
import { shuffled } from './random.ts';

/** Options of {@link batchesOfRows}. */
export interface RowBatchOptions<Batch> {
  /** The examples to use. Default: all. */
  readonly rows?: Uint32Array;
  /** The number of examples in a batch. */
  readonly size: number;
  /**
   * Shuffles each epoch differently. Without a seed, batches follow the order of `rows`, and the last one may be
   * smaller.
   */
  readonly seed?: number;
  /**
   * With a seed: the number of batches at the start that are not read but given as `undefined`, for a resumed run that
   * skips them. Default 0.
   */
  readonly skip?: number;
  /** Converts the arrays to a batch of the runtime. */
  readonly make: (values: Readonly<Record<string, Values>>) => Batch;
}

/**
 * Makes batches of examples. With a seed they never end: epochs follow each other, each shuffled differently. If an
 * epoch ends with an incomplete batch, the first examples of the next epoch fill it. Without a seed the batches are one
 * pass in order.
 *
 * @returns an iterable that starts from the beginning each time it is iterated
 * @throws {ClrError} if `size` is not a positive integer, or there are no examples
 *
 * @example
 * ```ts
 * const numbers = {
 *   count: 3, fields: { input: { type: 'float32', dims: [] } }, notes: [],
 *   read: async (rows) => ({ input: { type: 'float32', dims: [rows.length], data: Float32Array.from(rows) } }),
 * };
 * const seen = [];
 * for await (const batch of batchesOfRows(numbers, { size: 2, make: ({ input }) => [...input.data] })) seen.push(batch);
 * seen; // [[0, 1], [2]]
 * ```
 */
export function batchesOfRows<Batch>(
  dataset: Dataset,
  options: RowBatchOptions<Batch>,
): AsyncIterable<Batch> {
  checkOptionNames('clr/data', 'batchesOfRows', options, ['rows', 'size', 'seed', 'skip', 'make']);
  const {
    rows = Uint32Array.from({ length: dataset.count }, (_, i) => i),
    size,
    seed,
    skip = 0,
    make,
  } = options;
  if (!Number.isSafeInteger(size) || size < 1 || rows.length === 0) {
    throw fail(
      'a batch size of at least 1, and examples',
      `size = ${size}, ${rows.length} examples`,
      'Give a size of at least 1, and at least one example.',
    );
  }
  const place = async (taken: Uint32Array): Promise<Batch> => make(await dataset.read(taken));
  if (seed === undefined) {
    return {
      async *[Symbol.asyncIterator]() {
        for (let from = 0; from < rows.length; from += size)
          yield await place(rows.subarray(from, from + size));
      },
    };
  }
  return {
    async *[Symbol.asyncIterator]() {
      const taken = new Uint32Array(size);
      let filled = 0;
      let made = 0;
      for (let epoch = 0; ; epoch++) {
        const order = shuffled(rows, seed + 1_000_003 * epoch);
        for (let from = 0; from < order.length; ) {
          const length = Math.min(size - filled, order.length - from);
          taken.set(order.subarray(from, from + length), filled);
          [from, filled] = [from + length, filled + length];
          if (filled < size) continue;
          yield made++ < skip ? (undefined as Batch) : await place(taken.slice());
          filled = 0;
        }
      }
    },
  };
}

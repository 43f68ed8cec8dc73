import type { Dataset, Values } from './dataset.ts';
import { fail } from './errors.ts';
import { shuffled } from './random.ts';

/** Options of {@link batchesOfRows}. */
export interface RowBatchOptions<Batch> {
  /** The examples to take. Default: all. */
  readonly rows?: Uint32Array;
  /** How many examples a batch has. */
  readonly size: number;
  /** Shuffles each epoch in its own way. Absent: the order of `rows`, with a last batch that may be smaller. */
  readonly seed?: number;
  /**
   * With a seed: how many batches at the beginning are not read, and come as `undefined`. A run that resumes skips those
   * anyway. Default 0.
   */
  readonly skip?: number;
  /** Makes a batch of a runtime from the arrays. */
  readonly make: (values: Readonly<Record<string, Values>>) => Batch;
}

/**
 * Examples in batches. With a seed they have no end: one epoch follows another, each in its own order, the same for the same
 * seed, and what is left of an epoch begins the next. Without one they are one pass in order.
 *
 * @returns an iterable that begins again each time it is iterated
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
  {
    rows = Uint32Array.from({ length: dataset.count }, (_, i) => i),
    size,
    seed,
    skip = 0,
    make,
  }: RowBatchOptions<Batch>,
): AsyncIterable<Batch> {
  if (!Number.isSafeInteger(size) || size < 1 || rows.length === 0) {
    throw fail(
      'a batch size of at least 1, and examples',
      `size = ${size}, ${rows.length} examples`,
      'Give a smaller size or more examples.',
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

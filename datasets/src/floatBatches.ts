import { ClrError } from '@clr/core';
import type { LabelledImages } from './dataset.ts';
import { floatImages, type Normalisation } from './floatImages.ts';
import { shuffledIndices } from './shuffledIndices.ts';

/** A batch as plain typed arrays. */
export interface FloatBatch {
  /** `count` normalised images in the requested layout. */
  readonly images: Float32Array<ArrayBuffer>;
  /** Class indices. */
  readonly labels: Uint8Array<ArrayBuffer>;
  readonly count: number;
}

/** Options of {@link floatBatches}. */
export interface BatchOptions extends Normalisation {
  readonly size: number;
  /** The seed for shuffling. Add the epoch's number for a new order in each epoch. Default: no shuffling. */
  readonly seed?: number;
  /** The number of images to take, starting with the first. Default: all. */
  readonly limit?: number;
  /** Keeps a smaller last batch. Default: true, but false with a `seed`. */
  readonly keepLast?: boolean;
}

/**
 * One pass over the images in batches. Each batch is made on demand.
 *
 * @throws {ClrError} if `size` is not a positive integer, or if there are too few images for one batch
 *
 * @example
 * ```ts
 * const data = await mnist();
 * for (const { images, labels } of floatBatches(data.train, { ...data, size: 64, seed: 1 })) …
 * ```
 */
export function* floatBatches(split: LabelledImages, options: BatchOptions): Generator<FloatBatch, void> {
  const { size, seed, limit = split.count, keepLast = seed === undefined } = options;
  const count = Math.min(limit, split.count);
  if (!Number.isInteger(size) || size < 1 || (count < size && !keepLast)) {
    throw new ClrError('clr/datasets', {
      expected: `size to be a positive integer and at most ${count}, the number of images`,
      received: `size = ${size}`,
      advice: 'Take a smaller size, or keep an incomplete batch with keepLast: true.',
    });
  }
  const order = seed === undefined ? undefined : shuffledIndices(count, seed);
  for (let from = 0; from < count; from += size) {
    const length = Math.min(size, count - from);
    if (length < size && !keepLast) return;
    const indices = order?.subarray(from, from + length) ?? Uint32Array.from({ length }, (_, i) => from + i);
    yield {
      images: floatImages(split, indices, options),
      labels: Uint8Array.from(indices, (index) => split.labels[index]!),
      count: length,
    };
  }
}

import type { LabelledImages } from './dataset.ts';
import { shuffledIndices } from './shuffledIndices.ts';

/**
 * Picks the images of some classes in an order that the seed decides: all of them, or the first `limit`. Classes are
 * numbered from 0 in the order in which they are given.
 *
 * @example
 * ```ts
 * const { train } = await mnist();
 * pickClasses(train, [5, 6, 7, 8, 9], { limit: 500 }).count; // 500
 * ```
 */
export function pickClasses(
  { images, labels, count }: LabelledImages,
  classes: readonly number[],
  { limit = count, seed = 1 }: { readonly limit?: number; readonly seed?: number } = {},
): LabelledImages {
  const numbers = new Map(classes.map((label, number) => [label, number]));
  const chosen = shuffledIndices(count, seed)
    .filter((i) => numbers.has(labels[i]!))
    .slice(0, limit);
  const size = images.length / count;
  const picked = new Uint8Array(chosen.length * size);
  chosen.forEach((from, to) => {
    picked.set(images.subarray(from * size, (from + 1) * size), to * size);
  });
  return {
    images: picked,
    labels: Uint8Array.from(chosen, (i) => numbers.get(labels[i]!)!),
    count: chosen.length,
  };
}

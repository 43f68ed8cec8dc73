import { random } from './random.ts';

/**
 * The numbers 0 … count − 1, shuffled by the seed (Fisher and Yates).
 *
 * @example
 * ```ts
 * shuffledIndices(60_000, 1); // the same every time
 * ```
 */
export function shuffledIndices(count: number, seed: number): Uint32Array {
  const next = random(seed);
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(next() * (last + 1));
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}

/**
 * The lowest and the highest of any number of values. With a hundred thousand, `Math.min(...values)` can overflow the
 * stack.
 */
export function extent(values: Iterable<number>): readonly [low: number, high: number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

import type { Point } from './thin.ts';

// Limits that save time: more points would not be visible, and a median does not need more neighbours.
const maxPlaces = 1500;
const maxNeighbours = 500;

/**
 * The running median of each point and its neighbours, at most `width` of them. `middle` may replace the median. The
 * median keeps jumps steep and ignores single outliers. The mean suits values that are discrete, such as a batch's
 * accuracy. A long curve is reduced to 1,500 evenly spaced points.
 *
 * Near an end the window shrinks equally on both sides, so that a steep end keeps its slope.
 *
 * @param settles - true if the curve is flat at its end. Then the windows at the end do not shrink on the left.
 *   Otherwise the last values, hardly smoothed, would end the curve in a spike of noise.
 */
export function smooth(
  points: readonly Point[],
  width: number,
  middle: (values: readonly number[]) => number = median,
  settles = false,
): readonly Point[] {
  const reach = Math.max(1, Math.floor(width / 2));
  const last = points.length - 1;
  const places = Math.min(points.length, maxPlaces);
  return Array.from({ length: places }, (_, place) => {
    const index = places > 1 ? Math.round((place * last) / (places - 1)) : 0;
    const [x, y] = points[index]!;
    if (y === null) return [x, null];
    const right = Math.min(reach, index, last - index);
    const left = settles && index > reach ? reach : right;
    const stride = Math.ceil((left + right + 1) / maxNeighbours);
    const near: number[] = [];
    for (let other = index - left; other <= index + right; other += stride) {
      const value = points[other]![1];
      if (value !== null) near.push(value);
    }
    return [x, middle(near)];
  });
}

/** The middle value, or the mean of the two in the middle. NaN for an empty list. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The mean. NaN for an empty list. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

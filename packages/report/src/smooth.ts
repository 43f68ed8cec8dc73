import type { Point } from './thin.ts';

// More places than a picture has pixels, and more neighbours than a median needs, would only take time.
const mostPlaces = 1500;
const mostNeighbours = 500;

/**
 * The running median, or another middle: of each point and its neighbours, `width` of them at most. The median
 * keeps steps steep and ignores single outliers; of values that come in steps themselves, such as a batch's
 * accuracy, the mean says more. Near an end it takes the neighbours there are. A long curve comes out at 1,500
 * evenly spaced places.
 */
export function smooth(
  points: readonly Point[],
  width: number,
  middle: (values: readonly number[]) => number = median,
): readonly Point[] {
  const reach = Math.max(1, Math.floor(width / 2));
  const last = points.length - 1;
  const places = Math.min(points.length, mostPlaces);
  return Array.from({ length: places }, (_, place) => {
    const index = places > 1 ? Math.round((place * last) / (places - 1)) : 0;
    const [x, y] = points[index]!;
    if (y === null) return [x, null];
    // As many on each side, so that the curve's ends do not lean.
    const side = Math.min(reach, index, last - index);
    const stride = Math.ceil((2 * side + 1) / mostNeighbours);
    const near: number[] = [];
    for (let other = index - side; other <= index + side; other += stride) {
      const value = points[other]![1];
      if (value !== null) near.push(value);
    }
    return [x, middle(near)];
  });
}

/** The middle value, or the mean of the two in the middle; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The sum over the number; NaN of none. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

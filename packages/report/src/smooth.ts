import type { Point } from './thin.ts';

/**
 * The running median: of each point and its neighbours, `width` of them at most. It keeps steps steep and
 * ignores single outliers, and near an end it takes the neighbours there are.
 */
export function smooth(points: readonly Point[], width: number): readonly Point[] {
  const reach = Math.max(1, Math.floor(width / 2));
  return points.map(([x, y], index) => {
    if (y === null) return [x, null];
    // As many on each side, so that the curve's ends do not lean.
    const side = Math.min(reach, index, points.length - 1 - index);
    const near = points.slice(index - side, index + side + 1).flatMap(([, value]) => value ?? []);
    return [x, median(near)];
  });
}

/** The middle value, or the mean of the two in the middle; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** A point of a curve; `null` leaves a gap. */
export type Point = readonly [x: number, y: number | null];

/**
 * Thins a curve to about `most` points that look the same. It keeps the lowest and the highest point of each interval
 * and the two ends, so peaks and troughs are never lost.
 *
 * @example
 * ```ts
 * const curve = Array.from({ length: 5000 }, (_, x) => [x, x === 1234 ? 9 : 0]);
 * const few = thin(curve, 100);
 * [few.length <= 101, few.some(([x]) => x === 1234)]; // [true, true]
 * ```
 */
export function thin(points: readonly Point[], most: number): readonly Point[] {
  if (points.length <= most) return points;
  const stretch = Math.ceil((2 * points.length) / most);
  const kept: Point[] = [];
  for (let from = 0; from < points.length; from += stretch) {
    const part = points.slice(from, from + stretch);
    const keep = new Set([
      from === 0 ? 0 : extreme(part, -1),
      extreme(part, -1),
      extreme(part, 1),
      from + stretch >= points.length ? part.length - 1 : extreme(part, 1),
    ]);
    for (const index of [...keep].sort((a, b) => a - b)) kept.push(part[index]!);
  }
  return kept;
}

/** The index of the highest value (sign 1) or the lowest (−1). A gap counts as more extreme than any value. */
function extreme(part: readonly Point[], sign: 1 | -1): number {
  let best = 0;
  for (const [index, [, y]] of part.entries()) {
    if (y === null) return index;
    if (sign * y > sign * part[best]![1]!) best = index;
  }
  return best;
}

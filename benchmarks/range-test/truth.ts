import type { Truth } from './store.ts';

/** Conclusions from a setting's results at fixed rates: the best rate, the band around it, the largest stable rate. */
export interface Verdict {
  /** The rate with the best accuracy. */
  readonly best: {
    readonly lr: number;
    /** The mean accuracy over the seeds. */
    readonly accuracy: number;
    /** The accuracy of each seed. */
    readonly seeds: readonly number[];
  };
  /** The rates between which the accuracy stays within a point of the best. */
  readonly band: readonly [low: number, high: number];
  /** The largest rate such that all rates from the best rate up to it are stable in all seeds. */
  readonly largestStable: number;
  /**
   * Mean accuracy over the seeds, interpolated linearly in the log of the rate. Below the grid it is the accuracy of
   * the lowest rate, and above the grid 0.
   */
  readonly accuracyAt: (lr: number) => number;
  readonly inBand: (lr: number) => boolean;
}

/** Inside the band the accuracy is at most this far below the best: one point. */
const tolerance = 0.01;

export function verdictOf({ grid }: Truth): Verdict {
  const points = grid.map(({ lr, accuracy, stable }) => ({
    x: Math.log2(lr),
    accuracy: accuracy.reduce((sum, value) => sum + value, 0) / accuracy.length,
    seeds: accuracy,
    stable: stable.every(Boolean),
  }));
  const best = points.reduce((a, b) => (b.accuracy > a.accuracy ? b : a));
  const atBest = points.indexOf(best);
  const unstable = points.findIndex(({ stable }, i) => i > atBest && !stable);
  const top = points[unstable < 0 ? points.length - 1 : unstable - 1]!;
  const accuracyAt = (lr: number): number => {
    const x = Math.log2(lr);
    const right = points.findIndex((point) => point.x >= x);
    if (right < 0) return 0;
    if (right === 0) return points[0]!.accuracy;
    const [a, b] = [points[right - 1]!, points[right]!];
    return a.accuracy + ((b.accuracy - a.accuracy) * (x - a.x)) / (b.x - a.x);
  };
  const inBand = (lr: number): boolean =>
    Math.log2(lr) >= points[0]!.x - 1e-9 && accuracyAt(lr) >= best.accuracy - tolerance;
  const edge = (direction: 1 | -1): number => {
    let x = best.x;
    while (inBand(2 ** (x + direction / 32)) && Math.abs(x - best.x) < 20) x += direction / 32;
    return 2 ** x;
  };
  return {
    best: { lr: 2 ** best.x, accuracy: best.accuracy, seeds: best.seeds },
    band: [edge(-1), edge(1)],
    largestStable: 2 ** top.x,
    accuracyAt,
    inBand,
  };
}

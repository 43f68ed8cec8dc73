import { smoothedNoise } from './calibration.ts';
import type { RangeTestPoint } from './trace.ts';

/**
 * True if the noise of a curve carries over from step to step, as in a running mean. The noise of batch losses is
 * independent, so successive differences have a correlation of −½. For a running mean this correlation is nearly 0,
 * and for a curve without noise it is nearly 1. The correlation is measured in windows of the curve, after their
 * trend is subtracted. The lower quartile of the windows counts, because steep parts of the curve hide the noise.
 */
export function looksSmoothed(points: readonly RangeTestPoint[]): boolean {
  const { steps, quartile, above, below } = smoothedNoise;
  // Stop before a step that is recorded several times.
  const end = points.findIndex(
    ({ loss, step }, i) => !Number.isFinite(loss) || (i > 0 && step <= points[i - 1]!.step),
  );
  const losses = points.slice(0, end < 0 ? undefined : end).map(({ loss }) => loss!);
  const found: number[] = [];
  for (let from = 0; from + steps < losses.length; from += steps / 2) {
    const correlation = memoryOf(losses.slice(from, from + steps + 1));
    if (Number.isFinite(correlation)) found.push(correlation);
  }
  const low = found.sort((a, b) => a - b)[Math.floor(found.length * quartile)];
  return low !== undefined && low > above && low < below;
}

/** The correlation of each difference with the next, after a fitted line was subtracted. */
function memoryOf(losses: readonly number[]): number {
  const steps = losses.slice(1).map((loss, i) => loss - losses[i]!);
  const middle = (steps.length - 1) / 2;
  const sum = (of: (step: number, i: number) => number) =>
    steps.reduce((all, step, i) => all + of(step, i), 0);
  const mean = sum((step) => step) / steps.length;
  const slope = sum((step, i) => step * (i - middle)) / sum((_, i) => (i - middle) ** 2);
  const left = steps.map((step, i) => step - mean - slope * (i - middle));
  return (
    left.slice(1).reduce((all, step, i) => all + step * left[i]!, 0) /
    left.reduce((all, step) => all + step ** 2, 0)
  );
}

import { clearChange, fallShare, minSweep, slowShare } from './calibration.ts';
import { smoothedDeviations } from './createSmoother.ts';
import { showNumber } from './describe.ts';
import { roundingOf } from './doubtOf.ts';
import type { AccuracySource, ErrorRates } from './errorRates.ts';
import type { Evidence } from './evidence.ts';

/** The paper's reading of a sweep's accuracy. A rate is `null` if the sweep does not show it. */
export interface AccuracyReading {
  /** The rate at which the accuracy begins to rise: the paper's `baseLr`. `null` if it rose from the first rate on. */
  readonly risesLr: number | null;
  /** The rate at which the accuracy slows or gets ragged. `null` if it still climbed at the end. */
  readonly slowsLr: number | null;
  /** The rate at which the accuracy falls: the mean of the rates at which it has lost 5 % to 50 % of its rise. */
  readonly fallsLr: number | null;
  /** The data of the accuracy: validation data if the trace has it, else the training batches. */
  readonly of: AccuracySource;
}

/**
 * Reads the accuracy of a sweep: the rates at which it begins to rise, slows or gets ragged, and falls. Undefined if it
 * never rose by more than noise explains.
 *
 * The accuracy slows when nine tenths of its rise are done. It is ragged from the first drop that noise does not
 * explain.
 *
 * @param errors - the error rates of the sweep
 * @param startNoise - the standard deviation of the error rate at the start
 * @param answer - the change of the error rate that one right prediction makes
 * @see Smith, arXiv 1506.01186, section 3.3
 */
export function readAccuracy(
  errors: Evidence,
  { startNoise, answer }: Pick<ErrorRates, 'startNoise' | 'answer'>,
  of: AccuracySource,
): AccuracyReading | undefined {
  const { axis, curve, smoothed, features } = errors;
  const { x, noise } = curve;
  if (x.length < minSweep.bins) return undefined;
  const deviations = smoothedDeviations(curve);
  const noiseAt = (i: number) => deviations[i]! * noise;
  const bottom = x.indexOf(features.bottom);
  /** True if the errors rise clearly from one bin to another. */
  const rise = (from: number, to: number) =>
    smoothed[to]! - smoothed[from]! > clearChange.noises * Math.hypot(noiseAt(from), noiseAt(to));
  // At a low accuracy, a few predictions that are right by luck look like a rise.
  const luck = clearChange.answers * answer * deviations[bottom]! ** 2;
  const least = clearChange.noises * Math.hypot(noiseAt(bottom), startNoise) + luck + roundingOf(1);
  if (!(features.depth > least)) return undefined;

  const slow = slowsAt(errors, rise);
  const falls = x.some((_, i) => i > bottom && rise(bottom, i));
  // In a steady climb, the last tenth of the rise takes an eighth of the distance from a tenth to nine tenths of it.
  // Noise may make the last tenth look three times as long.
  const way = x[slow]! - features.fall;
  const climbs = !falls && x.at(-1)! - x[slow]! < (3 * way * (1 - slowShare)) / (slowShare - fallShare);
  return {
    risesLr: features.fall > x[0]! ? axis.rate(features.fall) : null,
    slowsLr: climbs ? null : axis.rate(x[slow]!),
    fallsLr: falls ? axis.rate(features.edge) : null,
    of,
  };
}

/** The bin at which the share `slowShare` of the rise is done, or the best bin before an earlier drop. */
function slowsAt(
  { smoothed, curve: { level }, features: { depth } }: Evidence,
  dropped: (from: number, to: number) => boolean,
): number {
  let best = 0;
  for (const [i, y] of smoothed.entries()) {
    if (y <= level - slowShare * depth) return i;
    if (y < smoothed[best]!) best = i;
    if (smoothed[best]! < level - fallShare * depth && dropped(best, i)) return best;
  }
  return smoothed.length - 1;
}

/** Describes the reading for the user. */
export function describeAccuracy({ risesLr, slowsLr, fallsLr, of }: AccuracyReading): string {
  const places = [
    risesLr === null ? 'rises from the first rate on' : `begins to rise at ${showNumber(risesLr)}`,
    slowsLr === null ? 'still climbs at the end' : `slows at ${showNumber(slowsLr)}`,
    ...(fallsLr === null ? [] : [`falls at ${showNumber(fallsLr)}`]),
  ];
  const last = places.pop()!;
  const list = places.length > 1 ? `${places.join(', ')}, and ${last}` : `${places[0]} and ${last}`;
  return `The ${of === 'validation' ? 'validation ' : ''}accuracy ${list}.`;
}

import { ClrError, show } from '../errors.ts';
import { median } from '../statistics.ts';
import { gap } from './calibration.ts';
import { withTodaysNames } from './formerNames.ts';
import { lossOfShares, uninformedLoss } from './highStart.ts';
import { looksSmoothed } from './looksSmoothed.ts';
import type { LossSmoothing } from './lossSmoothing.ts';
import type { RangeTestPoint, RangeTestTrace } from './trace.ts';
import { undoSmoothing } from './undoSmoothing.ts';

/** Several sweeps of one model, pooled. */
export interface PooledTrace {
  readonly sweeps: readonly RangeTestTrace[];
  /** All points, by rising rate. */
  readonly points: readonly RangeTestPoint[];
  /** The point with the lowest rate among those whose loss is not finite. */
  readonly broken: RangeTestPoint | undefined;
  /** True if a coarse sweep chose the rates. It covered the lower rates and diverged at the upper end. */
  readonly afterCoarse: boolean;
  /** The loss of the best constant answer, which an untrained model has. Infinity if unknown. */
  readonly constantLoss: number;
  /** The loss of a model that has learned only the class shares, if the model must learn them first; else Infinity. */
  readonly sharesLoss: number;
  /** True if any of the sweeps diverged. */
  readonly diverged: boolean;
  /** True if the losses look smoothed although no smoothing was stated. */
  readonly smoothed: boolean;
  /** The metric of the curve: losses, or error rates in place of losses. */
  readonly metric: 'loss' | 'error rate';
  /** The initial loss and the noise of a single step, if they are known independently of the curve. */
  readonly start?: number;
  readonly noise?: number;
}

/** True if a loss was recorded as a number. JSON has `null` for NaN and infinities. */
export const isFiniteLoss = ({ loss }: RangeTestPoint): boolean => Number.isFinite(loss);

/** Pools one trace or several and undoes their smoothing. Throws a ClrError if one of them is not a trace. */
export function poolTraces(
  traces: RangeTestTrace | readonly RangeTestTrace[],
  smoothing?: LossSmoothing,
): PooledTrace {
  const all = [traces].flat() as readonly RangeTestTrace[];
  for (const trace of all) {
    if (Array.isArray(trace?.points)) continue;
    throw new ClrError('clr/core', {
      expected: 'the trace of a range test, or an array of traces',
      received: show(traces),
      advice: 'Pass the result of rangeTest().',
    });
  }
  const given = all.map(withTodaysNames);
  const sweeps = given.map((trace) => undoSmoothing(trace, smoothing));
  const points = sweeps.flatMap((trace) => withoutGaps(trace.points)).sort((a, b) => a.lr - b.lr);
  const broken = points.find((point) => !isFiniteLoss(point));
  const afterCoarse = sweeps.some(({ coarse }) => coarse);
  const diverged =
    afterCoarse || broken !== undefined || sweeps.some(({ stopped }) => stopped?.reason === 'diverged');
  // A trace with a coarse sweep, or with separate rates, comes from clr, which does not smooth.
  const smoothed = given.some(
    (trace) =>
      !(smoothing ?? trace.smoothing ?? trace.coarse ?? trace.updatesPerRate) && looksSmoothed(trace.points),
  );
  const firstLosses = (sweeps[0]?.coarse ?? points).filter(isFiniteLoss).slice(0, 5);
  const start = firstLosses.length > 0 ? median(firstLosses.map(({ loss }) => loss!)) : Infinity;
  const constant = sweeps[0]?.constantAnswer;
  return {
    ...{ sweeps, points, broken, afterCoarse, diverged, smoothed, metric: 'loss' },
    constantLoss: uninformedLoss(constant, start),
    sharesLoss: lossOfShares(constant, start),
  };
}

/**
 * The points without gaps. Once the weights are not finite, all later losses are not finite either. So if enough
 * finite losses follow a loss that is not finite, the model did not diverge. Instead, the loss was not recorded, or a
 * single batch was at fault.
 */
function withoutGaps(points: readonly RangeTestPoint[]): readonly RangeTestPoint[] {
  const last = points.filter(isFiniteLoss).at(-gap);
  return last ? points.filter((point) => isFiniteLoss(point) || point.step > last.step) : points;
}

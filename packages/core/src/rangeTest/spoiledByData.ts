import { median, noiseOf } from '../statistics.ts';
import { dataFault, startWindow } from './calibration.ts';
import { isFiniteLoss } from './poolTraces.ts';
import type { RangeTestPoint, RangeTestTrace } from './trace.ts';

/**
 * The step whose loss is not finite for a reason other than its rate, if there is one. A loss that diverges rises
 * before it overflows. So the data are to blame in four cases:
 *
 * - The batch held a value that is not finite.
 * - The step was the first.
 * - The rate was low, and the loss had not moved before.
 * - A coarse sweep had gone far beyond this rate, and the loss before this step was not above the start of that
 *   sweep.
 */
export function spoiledByData({
  points,
  coarse,
}: Pick<RangeTestTrace, 'points' | 'coarse'>): RangeTestPoint | undefined {
  const at = points.findIndex((point) => !isFiniteLoss(point));
  if (at < 0) return undefined;
  const broken = points[at]!;
  const passed = coarse?.some((point) => isFiniteLoss(point) && point.lr > dataFault.passed * broken.lr);
  if (at === 0 || broken.fault !== undefined) return broken;
  const losses = points.slice(0, at).map(({ loss }) => loss!);
  const highest = (coarse ?? [])
    .slice(0, startWindow.steps)
    .reduce((most, { loss }) => Math.max(most, loss ?? -Infinity), -Infinity);
  if (passed && losses.at(-1)! <= highest) return broken;
  if (broken.lr >= dataFault.below) return undefined;
  const start = median(losses);
  const room = dataFault.noises * noiseOf(losses) + dataFault.share * Math.abs(start);
  return losses.every((loss) => Math.abs(loss - start) <= room) ? broken : undefined;
}

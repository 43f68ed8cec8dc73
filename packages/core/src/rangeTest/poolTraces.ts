import { ClrError, show } from '../errors.ts';
import type { RangeTestPoint, RangeTestTrace } from './trace.ts';

/** Several sweeps of one model, read as one. */
export interface PooledTrace {
  readonly sweeps: readonly RangeTestTrace[];
  /** All points, by rising rate. */
  readonly points: readonly RangeTestPoint[];
  /** The point of lowest rate whose loss is not finite. */
  readonly broken: RangeTestPoint | undefined;
  /** Whether a coarse sweep chose the rates. It saw the lower rates and diverged at the upper end. */
  readonly scouted: boolean;
  /** Whether any of the sweeps diverged. */
  readonly diverged: boolean;
}

/** Whether a loss was recorded as a number. JSON has `null` for NaN and infinities. */
export const isFiniteLoss = ({ loss }: RangeTestPoint): boolean => Number.isFinite(loss);

/** Pools one trace or several. Throws a ClrError if one of them is not a trace. */
export function poolTraces(traces: RangeTestTrace | readonly RangeTestTrace[]): PooledTrace {
  const sweeps = [traces].flat() as readonly RangeTestTrace[];
  for (const trace of sweeps) {
    if (Array.isArray(trace?.points)) continue;
    throw new ClrError('clr/core', {
      expected: 'the trace of a range test, or an array of traces',
      received: show(traces),
      advice: 'Pass what rangeTest() resolved to.',
    });
  }
  const points = sweeps.flatMap((trace) => trace.points).sort((a, b) => a.lr - b.lr);
  const broken = points.find((point) => !isFiniteLoss(point));
  const scouted = sweeps.some(({ scout }) => scout);
  const diverged =
    scouted || broken !== undefined || sweeps.some(({ stopped }) => stopped?.reason === 'diverged');
  return { sweeps, points, broken, scouted, diverged };
}

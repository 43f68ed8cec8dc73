import { minOf } from '../statistics.ts';
import { type Axis, axisOf } from './axis.ts';
import { createSmoother } from './createSmoother.ts';
import { type Curve, toCurve } from './curve.ts';
import { doubtOf } from './doubtOf.ts';
import { type Features, featuresOf } from './features.ts';
import type { PooledTrace } from './poolTraces.ts';

/** The features of a trace: the input of refusals and suggestions. */
export interface Evidence {
  readonly trace: PooledTrace;
  readonly axis: Axis;
  readonly curve: Curve;
  readonly smooth: (losses: readonly number[]) => number[];
  /** The losses of the curve, smoothed. */
  readonly smoothed: readonly number[];
  readonly features: Features;
  /**
   * True if the loss fell to the loss of the class shares, and not clearly below it. The sweep then found the edge of
   * the output biases, not that of the weights.
   */
  readonly sharesAlone: boolean;
  /** The distance from the edge down to `maxLr`, in decades. */
  readonly margin: number;
}

/** Turns a trace into a curve and measures its features. */
export function gatherEvidence(trace: PooledTrace, margin: number): Evidence {
  const axis = axisOf(trace.sweeps);
  const found = toCurve(trace.points, axis, trace);
  const smooth = createSmoother(found);
  const smoothed = smooth(found.y);
  const { sharesLoss } = trace;
  const below = sharesLoss - minOf(smoothed) > doubtOf({ curve: found });
  const sharesAlone = sharesLoss < Infinity && !below;
  const curve = sharesLoss < Infinity && below ? { ...found, level: sharesLoss } : found;
  return { trace, axis, curve, smooth, smoothed, features: featuresOf(curve, smoothed), sharesAlone, margin };
}

import { type Axis, axisOf } from './axis.ts';
import { createSmoother } from './createSmoother.ts';
import { type Curve, toCurve } from './curve.ts';
import { type Features, featuresOf } from './features.ts';
import type { PooledTrace } from './poolTraces.ts';

/** What a trace shows: the input of refusals and suggestions. */
export interface Evidence {
  readonly trace: PooledTrace;
  readonly axis: Axis;
  readonly curve: Curve;
  readonly smooth: (losses: readonly number[]) => number[];
  /** The losses of the curve, smoothed. */
  readonly smoothed: readonly number[];
  readonly features: Features;
  /** The distance from the edge down to `maxLr`, in decades. */
  readonly margin: number;
}

/** Turns a trace into a curve and measures its features. */
export function gatherEvidence(trace: PooledTrace, margin: number): Evidence {
  const axis = axisOf(trace.sweeps);
  const curve = toCurve(trace.points, axis, trace);
  const smooth = createSmoother(curve);
  const smoothed = smooth(curve.y);
  return { trace, axis, curve, smooth, smoothed, features: featuresOf(curve, smoothed), margin };
}

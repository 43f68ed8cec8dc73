import { noiseBlock } from './calibration.ts';
import type { Evidence } from './evidence.ts';
import { featuresOf } from './features.ts';

/**
 * The edges of resampled curves: a block bootstrap that keeps or flips the noise (the residual of the smoothing) of
 * each block of bins. It gives the same result at every call.
 */
export function resampleEdges({ curve, smooth, smoothed }: Evidence, resamples: number): number[] {
  const random = createRandom();
  const resample = (): number[] => {
    let sign = 1;
    return curve.y.map((value, i) => {
      if (i % noiseBlock === 0) sign = random() < 0.5 ? -1 : 1;
      return smoothed[i]! + sign * (value - smoothed[i]!);
    });
  };
  return Array.from({ length: resamples }, () => featuresOf(curve, smooth(resample())).edge);
}

/** Uniform numbers in [0, 1) by the linear congruential generator of Numerical Recipes, always from the same seed. */
function createRandom(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

import type { UpdateKind } from '../optimizers/updateKind.ts';
import {
  boundsRatio,
  decadesBelowEdge,
  lengthExponent,
  linearEdge,
  longTraining,
  referenceSteps,
} from './calibration.ts';

/** The distances from the loss edge down to the suggested rates, in decades. */
export interface Distances {
  readonly baseLr: number;
  readonly maxLr: number;
  readonly fixedLr: number;
}

/**
 * The distances for a kind of update, a training of `steps` steps, and the spacing of the sweep that found the edge.
 */
export function distances(
  kind: UpdateKind | 'unknown',
  steps: number,
  spacing?: 'linear' | 'exponential',
): Distances {
  const below = decadesBelowEdge[kind];
  const shift = spacing === 'linear' ? linearEdge[kind] : 0;
  const length = kind === 'adaptive' ? 0 : Math.max(0, Math.log10(steps / longTraining.steps));
  const maxLr = below.maxLr + shift + longTraining.exponent * length;
  return {
    baseLr: maxLr + Math.log10(boundsRatio),
    maxLr,
    fixedLr: Math.max(maxLr, below.fixedLr + shift + lengthExponent * Math.log10(steps / referenceSteps)),
  };
}

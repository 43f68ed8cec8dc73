import type { UpdateKind } from '../optimizers/updateKind.ts';
import {
  boundsRatio,
  confidence,
  decadesBelowEdge,
  intervalTail,
  lengthExponent,
  referenceSteps,
  widening,
} from './calibration.ts';
import type { Interval, RangeTestSuggestion } from './finding.ts';
import type { PooledTrace } from './poolTraces.ts';

/** What the rates depend on beside the edge. */
interface SuggestOptions {
  readonly updateKind: UpdateKind | 'unknown';
  readonly steps: number;
  /** How many decades the edge lies above that of the loss in an exponential sweep. */
  readonly shift?: number;
}

/**
 * The three rates, each at its distance below the edge, with intervals and a confidence.
 *
 * @param edge - the log₁₀ rate of the loss edge
 * @param edges - the edges of resampled curves and `edge` itself, ascending
 */
export function suggest(
  { points }: PooledTrace,
  edge: number,
  edges: readonly number[],
  { updateKind, steps, shift = 0 }: SuggestOptions,
): RangeTestSuggestion {
  const { maxLr, fixedLr } = decadesBelowEdge[updateKind];
  const below = { maxLr: maxLr + shift, fixedLr: fixedLr + shift };
  const fixed = Math.max(below.maxLr, below.fixedLr + lengthExponent * Math.log10(steps / referenceSteps));
  const base = below.maxLr + Math.log10(boundsRatio);

  const cut = Math.floor(edges.length * intervalTail);
  const interval = (decades: number, wider: number): Interval => [
    10 ** (edges[cut]! - decades - wider),
    10 ** (edges.at(-1 - cut)! - decades + wider),
  ];
  const near = edges.filter((other) => Math.abs(other - edge) < confidence.agreement).length / edges.length;
  const density = points.filter(({ lr }) => lr < 10 ** edge && lr > 10 ** (edge - confidence.window)).length;
  return {
    baseLr: 10 ** (edge - base),
    maxLr: 10 ** (edge - below.maxLr),
    fixedLr: 10 ** (edge - fixed),
    steps,
    interval: {
      baseLr: interval(base, widening.baseLr),
      maxLr: interval(below.maxLr, widening.maxLr),
      fixedLr: interval(fixed, widening.fixedLr),
    },
    confidence: confidence.most * near * (1 - Math.exp(-density / confidence.scale)),
  };
}

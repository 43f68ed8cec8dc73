import { certainty, intervalTail, widening } from './calibration.ts';
import { chanceOf } from './chanceOf.ts';
import type { Distances } from './distances.ts';
import type { Interval, RangeTestSuggestion } from './finding.ts';
import type { PooledTrace } from './poolTraces.ts';

/**
 * The three rates, each at its distance below the edge, with intervals, a certainty and a confidence.
 *
 * @param edge - the log₁₀ rate of the loss edge
 * @param edges - the edges of resampled curves and `edge` itself, ascending
 * @param gain - the fraction by which the sweep lowered the loss
 * @param below - the distances from the edge down to the rates for training of `steps` steps
 */
export function suggest(
  { points }: PooledTrace,
  edge: number,
  edges: readonly number[],
  below: Distances,
  steps: number,
  gain: number,
): RangeTestSuggestion {
  const cut = Math.floor(edges.length * intervalTail);
  const interval = (decades: number, wider: number): Interval => [
    10 ** (edges[cut]! - decades - wider),
    10 ** (edges.at(-1 - cut)! - decades + wider),
  ];
  const near = edges.filter((other) => Math.abs(other - edge) < certainty.agreement).length / edges.length;
  const density = points.filter(({ lr }) => lr < 10 ** edge && lr > 10 ** (edge - certainty.window)).length;
  return {
    baseLr: 10 ** (edge - below.baseLr),
    maxLr: 10 ** (edge - below.maxLr),
    fixedLr: 10 ** (edge - below.fixedLr),
    steps,
    interval: {
      baseLr: interval(below.baseLr, widening.baseLr),
      maxLr: interval(below.maxLr, widening.maxLr),
      fixedLr: interval(below.fixedLr, widening.fixedLr),
    },
    certainty: certainty.most * near * (1 - Math.exp(-density / certainty.scale)),
    confidence: near * chanceOf(gain, density),
  };
}

import { meanOf, minOf, noiseOf, roughnessOf } from '../statistics.ts';
import { minSweep, startWindow } from './calibration.ts';
import type { PooledTrace } from './poolTraces.ts';
import type { RangeTestPoint } from './trace.ts';

/** The source of accuracies: validation data, or training batches. */
export type AccuracySource = 'validation' | 'training';

/** A trace with error rates in place of losses. */
export interface ErrorRates extends PooledTrace {
  readonly start: number;
  /** The standard deviation of the error rate at the start. */
  readonly startNoise: number;
  /** The contribution of one right answer: the smallest difference between two accuracies. */
  readonly answer: number;
}

/**
 * Converts the accuracies of a trace to error rates in place of its losses, so that one analysis reads both losses
 * and accuracies. Undefined if there are too few.
 */
export function errorRates(trace: PooledTrace, source: AccuracySource): ErrorRates | undefined {
  const held = source === 'validation';
  const points = (held ? trace.sweeps.flatMap(({ validation = [] }) => validation) : trace.points)
    .flatMap(errorOf)
    .sort((a, b) => a.lr - b.lr);
  if (points.length < minSweep.bins) return undefined;
  const errors = points.map(({ loss }) => loss);
  const linear = trace.sweeps.every(({ spacing }) => spacing === 'linear');
  // Validation accuracies are few and have little noise, so a single one may serve as the start.
  const least = held ? 1 : startWindow.steps;
  const head = Math.max(least, linear ? 0 : Math.floor(errors.length * startWindow.share));
  // Accuracies of small batches have few distinct values, so a median of their differences may be 0.
  const noise = held ? noiseOf(errors) : roughnessOf(errors);
  const first = errors.slice(0, head);
  return {
    ...trace,
    points,
    broken: undefined,
    // With accuracies, losses that are not finite do not matter.
    diverged: trace.sweeps.some(({ coarse, stopped }) => coarse || stopped?.reason === 'diverged'),
    sharesLoss: Infinity,
    constantLoss: 1 - (trace.sweeps[0]?.constantAnswer?.accuracy ?? -Infinity),
    smoothed: false,
    metric: 'error rate',
    start: meanOf(first),
    startNoise: noise / Math.sqrt(first.length),
    answer: minDifference(errors),
    noise,
  };
}

const errorOf = ({ step, lr, accuracy }: RangeTestPoint): (RangeTestPoint & { readonly loss: number })[] =>
  typeof accuracy === 'number' && Number.isFinite(accuracy) ? [{ step, lr, loss: 1 - accuracy }] : [];

/** The smallest difference between two different values. It is 0 if all are equal. */
function minDifference(values: readonly number[]): number {
  const sorted = [...new Set(values)].sort((a, b) => a - b);
  const differences = sorted.slice(1).map((value, i) => value - sorted[i]!);
  return differences.length > 0 ? minOf(differences) : 0;
}

import type { RangeTestPoint, RangeTestTrace } from '@clr/core';
import { random } from '@clr/datasets';
import { edgeOf } from './edge.ts';
import { readAdaptive, readSweeps, type Truth, unpack } from './store.ts';
import { type Sweep, sweeps } from './sweeps.ts';
import { verdictOf } from './truth.ts';

const sweep: Sweep = sweeps['clr-200'];

function trace(losses: readonly (number | null)[], stopped = false, first = 0): RangeTestTrace {
  const points = losses.map((loss, step): RangeTestPoint => ({ step, lr: sweep.lr(first + step), loss }));
  return {
    version: 1,
    spacing: 'exponential',
    startLr: sweep.lr(first),
    endLr: stopped ? sweep.endLr : points[points.length - 1]!.lr,
    points,
    ...(stopped && { stopped: { step: points.length, reason: 'diverged' } }),
  };
}

/**
 * Curves that support no suggestion, grouped by their fault. They are synthetic curves, parts of real sweeps, and real
 * sweeps on random labels.
 */
export function hopelessCurves(truths: readonly Truth[]): Map<string, RangeTestTrace[]> {
  const stored = truths.flatMap((truth) =>
    readSweeps(truth.setting).flatMap((one) => (one.sweep === sweep.name ? { ...one, truth } : [])),
  );
  const real = stored.filter(({ randomLabels, seed, order }) => !randomLabels && order === 100 * seed);
  const made = (make: (next: () => number) => (number | null)[]): RangeTestTrace[] =>
    Array.from({ length: 20 }, (_, seed) => trace(make(random(seed + 1))));
  const noisy = (next: () => number): number => 2.3 + 0.1 * (next() + next() + next() - 1.5);
  const steps = (make: (step: number) => number): number[] =>
    Array.from({ length: sweep.steps }, (_, step) => make(step));
  /** The number of steps of a sweep below a rate. */
  const below = (rate: number): number => steps((step) => sweep.lr(step)).filter((lr) => lr < rate).length;
  /** The edge of a real sweep, and the largest stable rate of the grid. These two rates can differ. */
  const edges = (one: (typeof real)[number]): number[] => [
    edgeOf(sweep, one),
    verdictOf(one.truth).largestStable,
  ];
  /**
   * Cuts the sweep at a share of the lower of these two rates. The result is empty if the sweep starts above the cut.
   */
  const upTo = (share: number, one: (typeof real)[number]): RangeTestTrace[] => {
    const losses = one.loss.slice(0, below(share * Math.min(...edges(one))));
    return losses.length === 0 ? [] : [trace(losses)];
  };
  return new Map([
    ['flat, no noise', [trace(steps(() => 2.3))]],
    ['flat, noisy', made((next) => steps(() => noisy(next)))],
    ['flat, then diverges', made((next) => steps((step) => noisy(next) + (step > 160 ? step - 160 : 0)))],
    ['rises from the start', made((next) => steps((step) => noisy(next) + step / 50))],
    ['NaN at the first step', [trace([null], true)]],
    ['NaN at the fifth step', [trace([2.3, 2.3, 2.31, 2.29, null], true)]],
    [
      'random labels',
      stored.filter((one) => one.randomLabels).map((one) => trace(one.loss, one.loss.at(-1) === null)),
    ],
    [
      'random labels, rates not given',
      truths.flatMap(({ setting }) =>
        readAdaptive(setting).flatMap((one) => (one.randomLabels ? unpack(one) : [])),
      ),
    ],
    ['twelve steps of a real sweep', real.map(({ loss }) => trace(loss.slice(0, 12)))],
    ['ends while the loss still falls (a tenth of either edge)', real.flatMap((one) => upTo(0.1, one))],
    ['ends before anything moves', real.flatMap((one) => upTo(1e-3, one))],
    [
      'begins past either edge',
      real.flatMap((one) => {
        const first = below(1.2 * Math.max(...edges(one)));
        return one.loss.length - first < 12 ? [] : [trace(one.loss.slice(first), true, first)];
      }),
    ],
  ]);
}

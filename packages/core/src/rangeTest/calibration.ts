/**
 * Every number that the analysis of a range test uses, each with its source.
 *
 * There are two kinds of sources. *Fitted* numbers come from models whose best fixed rates are known (counted by
 * `score.ts` of `benchmarks/range-test` and `table.ts` of `benchmarks/tuned-decay`, explained by decisions 5, 6, 9 and
 * 14 in `docs/adr`). *Chosen* numbers were set by hand, for the reason given. No fit is recorded for them, but the
 * benchmark was run with these values. `calibration.test.ts` fails when a number is halved or multiplied by 1.6, and
 * `quotedNumbers.test.ts` fails when a document quotes another value.
 */

import type { UpdateKind } from '../optimizers/updateKind.ts';

// The suggestion: how far below the loss edge the rates lie.

/**
 * The distances, in decades, from the edge down to `maxLr` (the best peak of a linear decay) and down to `fixedLr` (for
 * training of {@link referenceSteps} steps). Fitted for each kind of update: SGD, SGD with momentum, adaptive, RMSProp
 * and unknown, in this order. The distances of `maxLr` are factors of 1.8, 3.5, 4.8, 1.1 and 3.2, and were fitted to
 * tuned decays (`benchmarks/tuned-decay`, decision 14). Those of `fixedLr` are factors of 2.8, 8, 9, 5 and 7, and were
 * fitted to constant rates (`score.ts`, decision 9).
 */
export const decadesBelowEdge: Readonly<Record<UpdateKind | 'unknown', DecadesBelowEdge>> = {
  sgd: { maxLr: 0.255, fixedLr: 0.45 },
  momentum: { maxLr: 0.54, fixedLr: 0.9 },
  adaptive: { maxLr: 0.68, fixedLr: 0.95 },
  rmsProp: { maxLr: 0.05, fixedLr: 0.7 },
  unknown: { maxLr: 0.5, fixedLr: 0.85 },
};

interface DecadesBelowEdge {
  readonly maxLr: number;
  readonly fixedLr: number;
}

/**
 * In training of more than `steps` steps, `maxLr` falls as `steps ** -exponent`, except for Adam-like optimizers.
 * Fitted to budgets of 1,000 to 10,000 steps (decision 14).
 */
export const longTraining = { steps: 1000, exponent: 0.3 } as const;

/** The ratio `maxLr / baseLr` (decision 6). The paper's bounds for CIFAR-10, 0.001 and 0.006, have the same ratio. */
export const boundsRatio = 6;

/**
 * The length of training, in steps, that `decadesBelowEdge` was fitted for. It is also the default length.
 */
export const referenceSteps = 500;

/** `fixedLr` falls as `steps ** -0.35`. Fitted to budgets of 500 to 4,000 steps (`score.ts`, decision 9). */
export const lengthExponent = 0.35;

// The axis.

/**
 * A linear sweep counts as this many decades long, because the reach of the smoothing and the tests for a clear fall
 * and a clear rise are stated in decades. Chosen: a usual exponential sweep is about as long.
 */
export const linearLength = 5;

/**
 * A linear sweep finds the edge this many decades higher than an exponential one, because it takes more steps at high
 * rates, to which an adaptive optimizer adapts. Fitted: the median of the development settings (`linear.ts`).
 */
export const linearEdge: Readonly<Record<UpdateKind | 'unknown', number>> = {
  sgd: 0.1,
  momentum: 0.05,
  adaptive: 0.3,
  rmsProp: 0.3,
  unknown: 0.1,
};

// The features of a curve.

/**
 * The edge is the mean of the rates at which the loss has risen back by these shares of its fall. Fitted: this mean
 * varies less than the rate for any single share (decision 6).
 */
export const lostShares: readonly number[] = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5];

/**
 * The loss counts as falling once this share of its fall is done. Chosen: only the text of the reason depends on it.
 */
export const fallShare = 0.1;

// The accuracy.

/**
 * A change of the accuracy is clear if it is at least `noises` standard deviations. A rise must also be worth at least
 * `answers` right predictions. Chosen: no synthetic sweep at chance level, and no stored sweep on random labels, has a
 * clear change.
 */
export const clearChange = { noises: 6, answers: 4 } as const;

/**
 * The accuracy slows when this share of its rise is done. Chosen: this rate varies less between runs than the rate of
 * the peak.
 */
export const slowShare = 0.9;

/**
 * The rate at which the accuracy falls is this many decades above the loss edge. Fitted: the median of all stored
 * sweeps that show both rates.
 */
export const accuracyEdge = 0.085;

// The curve: bins, smoothing, the loss at the start and its noise.

/** Bins of the curve per decade. Chosen: much finer than the smoothing, so that binning moves no feature. */
export const binsPerDecade = 40;

/**
 * The reach of the smoothing to each side: this many decades, and at least this many neighbours. Chosen: wide enough
 * for about ten steps of a usual sweep.
 */
export const smoothing = { decades: 0.2, neighbours: 5 } as const;

/**
 * The loss at the start is the median of the first losses. It is taken over the share `share` of all steps, but over
 * at least `steps` steps. In a linear sweep it is taken over the first `linear` steps. Chosen: the loss of a usual
 * sweep has not begun to fall by then.
 */
export const startWindow = { share: 0.1, steps: 5, linear: 3 } as const;

/**
 * The noise is measured on the first steps, namely on the share `share` of all steps, but on at least `steps` steps.
 * Chosen: a usual sweep has not diverged by then.
 */
export const noiseWindow = { share: 0.5, steps: 20 } as const;

/**
 * Losses are capped at the loss at the start plus `gains` times the gain and `noises` standard deviations. Chosen: an
 * outlier must not bend the smoothed curve.
 */
export const ceiling = { gains: 2, noises: 8 } as const;

/**
 * A loss that is not finite is a gap, not the end of the sweep, if at least this many finite losses follow. Chosen: a
 * model that diverged gives fewer finite losses before all are NaN.
 */
export const gap = 5;

// The refusals.

/** Fewer steps or bins than these give no curve. Chosen. `advised` is the number of steps that messages recommend. */
export const minSweep = { steps: 20, bins: 10, advised: 100 } as const;

/**
 * Noise explains a fall of up to `noises` standard deviations of a smoothed value. Rounding explains a fall of up to
 * the share `rounding` of the loss. Fitted: the curves of models trained on random labels fall at most that far
 * (`score.ts`, hopeless curves).
 */
export const doubt = { noises: 12, rounding: 1e-6 } as const;

/** The lowest loss must be at least this many decades above the first rate. Chosen: half the reach of the smoothing. */
export const minDescent = 0.1;

/**
 * A sweep without a coarse one before it must begin this many decades below its edge. Fitted: sweeps that begin past
 * the edge (`score.ts`, hopeless curves).
 */
export const minRoom = 1;

/**
 * If no sweep diverged, the loss must have risen back by half of its fall at least `decades` before the end. This holds
 * for a fall of at least `doubts` times what noise explains; the first entry that fits decides. Fitted (decision 6) to
 * the hopeless curves of `score.ts`, which are sweeps that were cut short and sweeps on random labels.
 */
export const provenRises: readonly { readonly doubts: number; readonly decades: number }[] = [
  { doubts: 2, decades: 0.1 },
  { doubts: 1.4, decades: 1 },
];

/**
 * The correlation of successive differences is measured in windows of `steps` steps. Losses look smoothed if its lower
 * quartile (the share `quartile`) lies between `above` and `below`. Fitted: raw stored sweeps, and the same sweeps
 * smoothed as other libraries do (`smoothed.ts`).
 */
export const smoothedNoise = { steps: 30, quartile: 0.25, above: -0.28, below: 0.5 } as const;

/**
 * A start is high if the loss is this many times that of the best constant answer. Chosen: ordinary initial weights
 * stay below it (`starts.ts`).
 */
export const highStart = 1.5;

/**
 * Classes are uneven (imbalanced) if the best constant answer is right `shares` times as often as for balanced classes
 * with the same loss. An untrained model then starts at a higher loss than that answer's, by at most the factor
 * `start`. Chosen: predicting one of 96 characters, in a text in which every fifth character is a space, gives 5 for
 * `shares` and 1.5 for `start`.
 */
export const unevenClasses = { shares: 2, start: 3 } as const;

/**
 * The smallest gain that counts, as a share of the loss of the best constant answer. The loss of the sweep must fall by
 * at least this share below the constant answer's. If it starts below this share, and at most this share of the
 * predictions is wrong, there is nothing to gain. If it falls below this share during the sweep, nothing is left to
 * learn. Chosen: the gain from learning the class shares of recent batches.
 */
export const minGain = 0.005;

/**
 * In two cases, the rate is not the cause of a loss that is not finite:
 *
 * - A coarse sweep went above that rate by the factor `passed`.
 * - The rate is less than `below`, and no earlier loss differed from the median loss by more than `noises` standard
 *   deviations plus the share `share` of the median.
 *
 * Chosen: a loss that diverges rises before it overflows.
 */
export const dataFault = { passed: 3, below: 1e-3, noises: 6, share: 0.02 } as const;

// Intervals, certainty and confidence.

/** The number of resampled curves. Chosen: the 5th and 95th percentiles are then the 4th value from either end. */
export const defaultResamples = 60;

/**
 * Bins in a block of the bootstrap, whose noise is kept or flipped together. Chosen: the reach of the smoothing, so
 * that smoothed blocks are independent.
 */
export const noiseBlock = 8;

/** The share of resampled edges beyond either end of an interval. Chosen: 90 % lie inside. */
export const intervalTail = 0.05;

/**
 * Decades added to both sides of the interval of resampled edges. Fitted: nine intervals in ten then hold another
 * seed's rate or overlap the range of good rates (`score.ts`).
 */
export const widening = { baseLr: 0.15, maxLr: 0.15, fixedLr: 0.3 } as const;

/**
 * `certainty = most · (share of resampled edges within agreement) · (1 − exp(−density / scale))`, where density
 * counts the steps within `window` decades below the edge. Fitted to the share of suggestions that are good
 * (`score.ts`, decisions 6 and 9). Chosen: `window`, and `agreement`, which is the spread between seeds in decision
 * 5.
 */
export const certainty = { most: 0.7, agreement: 0.18, window: 1, scale: 14 } as const;

/**
 * `confidence = (share of resampled edges within agreement) / (1 + exp(−(base + gain · g + density · ln(1 + n))))`,
 * where `g` is the fraction by which the loss fell, up to `maxGain`, and `n` is the density as for {@link certainty},
 * up to `maxSteps`. Fitted by logistic regression to whether a suggestion, taken as the peak of a linear decay, comes
 * within half a point of the accuracy of the tuned peak (`benchmarks/tuned-decay/confidence.ts`, decision 17). Chosen:
 * the two caps. One range test in twenty lies beyond them.
 */
export const chance = { base: -1.54, gain: 2.94, density: 0.37, maxGain: 0.8, maxSteps: 108 } as const;

/**
 * If the loss of a sweep fell to the loss of the class shares, and not clearly below it, `maxLr` is at most the mean of
 * this many of the lowest edges that the batch sharpness predicts. Fitted to suggestions for text models (decision 19).
 */
export const sharpestOf = 3;

// The sweep itself.

/**
 * The gain of a sweep is the fall of its loss so far. A sweep has diverged in two cases:
 *
 * - The median of the last `tail` losses is above that of the first `head` losses by `gains` times the gain plus
 *   `noises` standard deviations.
 * - The gain was above `noises` standard deviations, and the last `head` losses have lost all of it.
 *
 * Chosen: stopping too early loses the edge, and stopping late only costs steps. `score.ts` replays its stored sweeps
 * with these numbers.
 */
export const divergence = { head: 20, tail: 5, gains: 2, noises: 8 } as const;

/**
 * The two sweeps of a range test without given rates. The coarse sweep takes one in `oneIn` of all steps, and covers
 * all rates that optimizers use. The fine sweep goes from edge / `below` to edge · `above`. The loss diverges some
 * steps after the edge. So if a coarse sweep shows no edge, the edge is assumed `ahead` steps before its end. Fitted
 * (decision 15): `ahead` is the median of the runs whose fine sweep found the edge. Chosen: `oneIn`, `above` and
 * `below`. With this `below`, the fine sweep begins below `maxLr` even if the coarse sweep is wrong by a decade. If the
 * coarse sweep learned only the class shares, the fine sweep goes from edge / `belowShares`. Fitted: the edge of the
 * output biases may lie far above that of the weights (decision 19).
 */
export const coarseSweep = {
  startLr: 1e-6,
  endLr: 1e4,
  oneIn: 2.5,
  ahead: 8,
  below: 100,
  belowShares: 300,
  above: 30,
} as const;

/**
 * The steps of a range test that finds its own rates, and the steps it adds if its certainty is below `sure` (decision
 * 6). With fewer than `least` steps it makes one sweep. Chosen: a coarse sweep would have at most 40 steps.
 */
export const rangeTestSteps = { first: 200, more: 400, sure: 0.5, least: 100 } as const;

/**
 * The fine sweep measures the batch sharpness at up to `looks` steps. They are evenly spread between the edge of the
 * coarse sweep / `below` and that edge. (The edges of the two sweeps differ by up to a decade.) Fitted
 * (`sharpness.ts`): measurements between the fine sweep's edge / `near` and its edge predict the edge as well as
 * measurements after 150 steps of training. Measurements at lower rates say little, and those at the start say nothing.
 * Chosen: `looks`. About three of the measurements are then in that range, and 15 measurements in all would say hardly
 * more.
 */
export const sharpnessWindow = { below: 30, looks: 8, near: 4 } as const;

/** The defaults of one plain sweep. Chosen: for SGD and Adam they reach from no effect to beyond the edge. */
export const plainSweep = { startLr: 1e-6, endLr: 10, steps: 400 } as const;

/**
 * Every number that the analysis of a range test rests on, each in one place and with its source.
 *
 * Two kinds of sources: *fitted* to models whose best fixed rates are known (`score.ts` of `benchmarks/range-test` counts,
 * decisions 5, 6 and 9 in `docs/adr` tell how), and *chosen* by hand, with the reason: no fit of these is recorded, but
 * the counts of the benchmark were made with them. `calibration.test.ts` fails when one of them is halved or taken times 1.6, and when a document
 * quotes another value.
 */

import type { UpdateKind } from '../optimizers/updateKind.ts';

// The suggestion: how far below the loss edge the rates lie.

/**
 * How far `maxLr` and, for a training of {@link referenceSteps}, `fixedLr` lie below the edge, in decades.
 * Fitted by the kind of update (`score.ts`, decision 9): factors of 2.8 and 2.8, 4 and 8, 2.8 and 9, 3 and 7.
 */
export const decadesBelowEdge: Readonly<Record<UpdateKind | 'unknown', DecadesBelowEdge>> = {
  sgd: { maxLr: 0.45, fixedLr: 0.45 },
  momentum: { maxLr: 0.6, fixedLr: 0.9 },
  adaptive: { maxLr: 0.45, fixedLr: 0.95 },
  unknown: { maxLr: 0.5, fixedLr: 0.85 },
};

interface DecadesBelowEdge {
  readonly maxLr: number;
  readonly fixedLr: number;
}

/** `maxLr / baseLr`. Decision 6; also the ratio of the paper's bounds for CIFAR-10, 0.001 to 0.006. */
export const boundsRatio = 6;

/** The length of training, in steps, that `decadesBelowEdge` was fitted for; assumed where the caller gives none. */
export const referenceSteps = 500;

/** `fixedLr` falls as `steps ** -0.35`. Fitted to budgets of 500 to 4,000 steps (`score.ts`, decision 9). */
export const lengthExponent = 0.35;

// The features of a curve.

/** The edge is the mean rate at which these shares of the fall are lost again. Fitted: less noisy than any one share (decision 6). */
export const lostShares: readonly number[] = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5];

/** The loss begins to fall where this share of its fall is done. Chosen; only the reason that users read depends on it. */
export const fallShare = 0.1;

// The curve: bins, smoothing, the loss at the start and its noise.

/** Bins of the curve per decade. Chosen: well below the smoothing, so that binning moves no feature. */
export const binsPerDecade = 40;

/** The smoothing reaches this many decades to each side, and at least to so many neighbours. Chosen: wide enough to hold some ten steps of a usual sweep. */
export const smoothing = { decades: 0.2, neighbours: 5 } as const;

/** The loss at the start is the median of this share of the steps, of at least so many. Chosen: before anything falls in a usual sweep. */
export const startWindow = { share: 0.1, steps: 5 } as const;

/** The noise is measured on this share of the steps, on at least so many. Chosen: where a usual sweep has not diverged. */
export const noiseWindow = { share: 0.5, steps: 20 } as const;

/** Losses are cut at the start plus so many gains and standard deviations. Chosen: an outlier must not bend the smoothed curve. */
export const ceiling = { gains: 2, noises: 8 } as const;

// The refusals.

/** Fewer steps or bins than these give no curve. Chosen; users are advised to take `advised` steps. */
export const leastSweep = { steps: 20, bins: 10, advised: 100 } as const;

/**
 * The fall that noise explains: so many standard deviations of a smoothed value, or this share of the loss, its
 * rounding. Fitted: the curves of random labels come up to it (`score.ts`, hopeless curves).
 */
export const doubt = { noises: 12, rounding: 1e-6 } as const;

/** The decades that a loss must fall for, from the first rate on. Chosen: half of what the smoothing reaches. */
export const leastDescent = 0.1;

/** The decades that a sweep without a coarse one before it must begin below its edge. Fitted: sweeps that begin past the edge (`score.ts`, hopeless curves). */
export const leastRoom = 1;

/**
 * A curve that did not diverge must have lost half its fall so many decades before its end, if the fall is so many
 * doubts deep. Fitted: decision 6, and `score.ts`, hopeless curves: sweeps cut short, and random labels.
 */
export const provenRises: readonly { readonly doubts: number; readonly decades: number }[] = [
  { doubts: 2, decades: 0.1 },
  { doubts: 1.4, decades: 1 },
];

// Intervals and confidence.

/** How often the curve is resampled. Chosen: the 5th and 95th percentile are then the 4th value from either end. */
export const defaultResamples = 60;

/** Bins whose noise is kept or flipped together. Chosen: the reach of the smoothing, so that blocks are independent after it. */
export const noiseBlock = 8;

/** The share of resampled edges beyond either end of an interval. Chosen: 90 % lie inside. */
export const intervalTail = 0.05;

/** Decades by which intervals are wider than the resampled edges. Fitted: nine in ten hold another seed's rate or meet the good band (`score.ts`). */
export const widening = { baseLr: 0.15, maxLr: 0.15, fixedLr: 0.3 } as const;

/**
 * `confidence = most · (share of resampled edges within agreement) · (1 − exp(−density / scale))`, where density
 * counts the steps within `window` decades below the edge. Fitted: the share of suggestions that
 * are good (`score.ts`, decisions 6 and 9). Chosen: `agreement`, the spread between seeds in decision 5, and `window`.
 */
export const confidence = { most: 0.7, agreement: 0.18, window: 1, scale: 14 } as const;

// The sweep itself.

/**
 * A sweep has diverged when the median of the last `tail` losses stands above that of the first `head` by so many
 * gains and standard deviations, or when so many standard deviations were gained and the last `head` have lost them. Chosen:
 * to stop too early costs the edge, to stop late costs only steps. `score.ts` replays its stored sweeps through it.
 */
export const divergence = { head: 20, tail: 5, gains: 2, noises: 8 } as const;

/**
 * The two sweeps that are made where no rates are given. The coarse one takes one step in `oneIn` for all rates that
 * optimizers use; the fine one goes from `below` times under its edge to `above` times over it. `unclear`: where a coarse
 * sweep that diverged shows no edge, the edge is taken this factor below its end. Fitted: the share in band (decision 6). Chosen: `above` and `unclear`.
 */
export const coarseSweep = {
  startLr: 1e-6,
  endLr: 1e4,
  oneIn: 3,
  unclear: 3,
  below: 300,
  above: 30,
} as const;

/**
 * The steps of a range test that looks for its rates, and the steps that it adds where its confidence is below `sure` (decision 6).
 * Below `least` steps there is one sweep: chosen, the coarse one would have 33.
 */
export const rangeTestSteps = { first: 200, more: 400, sure: 0.5, least: 100 } as const;

/** The defaults of one sweep where some of its rates are given. Chosen: with SGD and Adam, from below any effect to beyond the edge. */
export const plainSweep = { startLr: 1e-6, endLr: 10, steps: 400 } as const;

import { oneOf, stepCount } from '../fields.ts';
import type { UpdateKind } from '../optimizers/updateKind.ts';
import { type Curve, createSmoother, toCurve } from './curve.ts';
import type { ClassicRules, Interval, RangeTestFinding, RangeTestSuggestion } from './finding.ts';
import { minimum, type Rule, slide, steepest, valley } from './rules.ts';
import type { RangeTestPoint, RangeTestTrace } from './trace.ts';

/** Options of {@link analyzeRangeTest}. */
export interface AnalyzeOptions {
  /** How many steps the training will take: a longer one wants a lower `fixedLr`. Default 500. */
  readonly steps?: number;
  /** The kind of update that the rates drove. Default: as the trace says; else what does for all kinds. */
  readonly updateKind?: UpdateKind;
  /** How often the curve is resampled for the intervals. Default 60. */
  readonly resamples?: number;
}

/**
 * Reads a range test: two bounds for cycling and a rate for constant training, each with an interval, or a
 * refusal with reasons; beside them what the usual libraries would have answered.
 *
 * All in decades of the rate, so that the length of the sweep does not matter, and on a smoothing that has no
 * lag. The rates hang on the loss edge, the feature of such a curve that repeats best from seed to seed: the
 * (geometric) mean of the rates at which 5, 10, 20, 30, 40 and 50 % of the fall are lost again.
 * `maxLr = edge / m`, `baseLr = maxLr / 6`, `fixedLr = edge / f · (500 / steps)^0.35` and at most `maxLr`, where
 * m is 2.8 and f 2.8 for SGD, 4 and 8 with momentum, 2.8 and 9 for Adam and its like, 3 and 7 where nobody says what
 * kind of update it was. These numbers, the widths of the intervals beyond what resampled curves (block bootstrap) say,
 * and the confidence, which rises with the steps that the sweep spent on the decade below the edge, were fitted to
 * trained models: see `benchmarks/range-test`.
 *
 * @param traces - one sweep, or several of the same model, which are read as one
 * @throws {PolicyError} if `steps` is no positive integer, or there is no such kind of update
 * @see Smith, arXiv 1506.01186, section 3.3
 *
 * @example
 * ```ts
 * const losses = [2.3, 2.3, 2.3, 2.29, 2.2, 1.9, 1.4, 1.1, 1, 1.05, 1.4, 2.4];
 * const points = Array.from({ length: 120 }, (_, step) => ({
 *   step,
 *   lr: 10 ** (-4 + step / 30),
 *   loss: losses[Math.floor(step / 10)],
 * }));
 * const trace = { version: 1, spacing: 'exponential', startLr: 1e-4, endLr: 1, points };
 * const { suggestion } = analyzeRangeTest(trace);
 * suggestion.maxLr > 0.03 && suggestion.maxLr < 0.1; // true
 * ```
 */
export function analyzeRangeTest(
  traces: RangeTestTrace | readonly RangeTestTrace[],
  { steps = 500, resamples = 60, ...options }: AnalyzeOptions = {},
): RangeTestFinding {
  const sweeps = [traces].flat() as readonly RangeTestTrace[];
  const { updateKind = sweeps[0]?.updateKind ?? 'unknown' } = options;
  stepCount(steps, 'steps');
  oneOf(...Object.keys(below))(updateKind, 'updateKind');
  const points = sweeps.flatMap((trace) => trace.points).sort((a, b) => a.lr - b.lr);
  const finding = { edgeLr: null, suggestion: null, rules: classicRules(sweeps[0]?.points ?? []) };
  const refuse = (reason: string): RangeTestFinding => ({ ...finding, reasons: [reason] });
  const at = (x: number): string => {
    const { step } = points.find(({ lr }) => lr >= 10 ** x * 0.9999) ?? points.at(-1)!;
    return `${round(10 ** x)} (step ${step})`;
  };

  const curve = toCurve(points);
  const { x, start, noise, count } = curve;
  const finite = count.reduce((sum, steps) => sum + steps, 0);
  const broken = points.find(({ loss }) => loss === null);
  if (finite < 20 || x.length < 10) {
    return refuse(
      `Too short: ${finite} steps with a finite loss at ${x.length} rates; take 100 or more.${
        broken ? ` The loss was not finite at ${at(Math.log10(broken.lr))}: start lower.` : ''
      }`,
    );
  }
  const smooth = createSmoother(curve);
  const smoothed = smooth(curve.y);
  const { fall, bottom, depth, edge, lost } = featuresOf(curve, smoothed);
  const last = x.at(-1)!;
  // What noise alone may do to a smoothed value, by the steps that it rests on: random labels come up to it.
  const doubt = 12 * noise * Math.sqrt((last - x[0]!) / finite) + 1e-6 * Math.abs(start);
  if (!(depth > doubt)) {
    return refuse(
      `Flat: the loss fell from ${round(start)} by ${round(depth)} up to ${at(last)}; its noise is ${round(noise)}.`,
    );
  }
  const { max, fixed: inShort } = below[updateKind];
  const peak = Math.max(...smoothed.filter((_, i) => x[i]! < bottom));
  // A coarse sweep that went before saw the rates below the first one, and diverged where this one was to end.
  const scouted = sweeps.some(({ scout }) => scout);
  // Nor may the loss leap up before it falls, or the sweep begin above what it would suggest: the decade below the edge.
  if (bottom - x[0]! < 0.1 || edge - (scouted ? max : 1) < x[0]! || peak > start + depth)
    return refuse(`Past its best from the first rate, ${at(x[0]!)}, on: start lower.`);
  const diverged = scouted || broken || sweeps.some(({ stopped }) => stopped?.reason === 'diverged');
  // Without a divergence the rise itself must be past doubt: high, or a decade long.
  if (!diverged && !(lost < last - (depth > 2 * doubt ? 0.1 : depth > 1.4 * doubt ? 1 : Infinity))) {
    return refuse(`Never diverged: the loss was near its best up to ${at(last)}: go higher.`);
  }
  const random = createRandom();
  const edges = Array.from(
    { length: resamples },
    () => featuresOf(curve, smooth(resample(curve.y, smoothed, random))).edge,
  )
    .concat(edge)
    .sort((a, b) => a - b);
  const cut = Math.floor(edges.length / 20);
  const interval = (shift: number, wider: number): Interval => [
    10 ** (edges[cut]! - shift - wider),
    10 ** (edges.at(-1 - cut)! - shift + wider),
  ];
  const near = edges.filter((other) => Math.abs(other - edge) < 0.18).length / edges.length;
  const density = points.filter(({ lr }) => lr < 10 ** edge && lr > 10 ** (edge - 1)).length;
  const fixed = Math.max(max, inShort + 0.35 * Math.log10(steps / 500));
  const base = max + Math.log10(6);
  const suggestion: RangeTestSuggestion = {
    baseLr: 10 ** (edge - base),
    maxLr: 10 ** (edge - max),
    fixedLr: 10 ** (edge - fixed),
    interval: {
      baseLr: interval(base, 0.15),
      maxLr: interval(max, 0.15),
      fixedLr: interval(fixed, 0.3),
    },
    confidence: 0.7 * near * (1 - Math.exp(-density / 14)),
  };
  return {
    ...finding,
    suggestion,
    edgeLr: 10 ** edge,
    reasons: [
      `The loss begins to fall at ${at(fall)}, is lowest at ${at(bottom)}, and is lost again at ${at(edge)}.`,
    ],
  };
}

const round = (value: number): string => value.toPrecision(3);

/** The features of a smoothed curve, as log₁₀ rates. */
interface Features {
  /** Where a tenth of the fall is done. */
  readonly fall: number;
  /** Where the loss is lowest. */
  readonly bottom: number;
  /** Where the fall is lost again: the mean over some shares of it; what is never lost is lost at the end. */
  readonly edge: number;
  /** Where half of it is lost, if anywhere. */
  readonly lost: number;
  /** How far the loss fell. */
  readonly depth: number;
}

const lostShares = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5];

function featuresOf({ x, start }: Curve, y: readonly number[]): Features {
  const low = Math.min(...y);
  const at = y.indexOf(low);
  const depth = start - low;
  let fall = at;
  while (fall > 0 && y[fall]! < start - 0.1 * depth) fall--;
  const crossings = lostShares.map((share) => {
    const level = low + share * depth;
    const i = y.findIndex((value, i) => i > at && value > level);
    return i < 0 ? Infinity : x[i]! - ((x[i]! - x[i - 1]!) * (y[i]! - level)) / (y[i]! - y[i - 1]!);
  });
  return {
    fall: x[fall]!,
    bottom: x[at]!,
    edge: crossings.reduce((sum, here) => sum + Math.min(here, x.at(-1)!), 0) / crossings.length,
    lost: crossings.at(-1)!,
    depth,
  };
}

// How far the rates lie below the edge, in decades, as fitted by benchmarks/range-test. `fixed`: for 500 steps.
const below = {
  sgd: { max: 0.45, fixed: 0.45 },
  momentum: { max: 0.6, fixed: 0.9 },
  adaptive: { max: 0.45, fixed: 0.95 },
  unknown: { max: 0.5, fixed: 0.85 },
} as const;

/** The curve as it might have been: the noise of each stretch of 8 bins kept or turned over. */
function resample(y: readonly number[], smoothed: readonly number[], random: () => number): number[] {
  let sign = 1;
  return y.map((value, i) => {
    if (i % 8 === 0) sign = random() < 0.5 ? -1 : 1;
    return smoothed[i]! + sign * (value - smoothed[i]!);
  });
}

/** Uniform numbers in [0, 1), the same at every call: a linear congruential generator. */
function createRandom(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The libraries' rules as fastai runs them: on a debiased running mean (0.98), cut at four times its best. */
function classicRules(points: readonly RangeTestPoint[]): ClassicRules {
  const losses: number[] = [];
  let mean = 0;
  let best = Infinity;
  for (const [i, { loss }] of points.entries()) {
    mean = 0.98 * mean + 0.02 * (loss ?? Number.NaN);
    const value = mean / (1 - 0.98 ** (i + 1));
    if (!(value <= 4 * best)) break;
    best = Math.min(best, value);
    losses.push(value);
  }
  const ends = [Math.floor(points.length / 10), -5] as const;
  const lrs = points.slice(0, losses.length).map(({ lr }) => lr);
  const apply = (rule: Rule) => rule(lrs.slice(...ends), losses.slice(...ends));
  return { steepest: apply(steepest), minimum: apply(minimum), valley: apply(valley), slide: apply(slide) };
}

import { type Curve, createSmoother, toCurve } from './curve.ts';
import type { ClassicRules, Interval, RangeTestFinding, RangeTestSuggestion } from './finding.ts';
import { minimum, type Rule, slide, steepest, valley } from './rules.ts';
import type { RangeTestPoint, RangeTestTrace } from './trace.ts';

/** Options of {@link analyzeRangeTest}. */
export interface AnalyzeOptions {
  /** How often the curve is resampled for the intervals. Default 60. */
  readonly resamples?: number;
}

/** The features of a smoothed curve, as log₁₀ rates. */
interface Features {
  /** Where a tenth of the fall is done. */
  readonly fall: number;
  /** Where the loss is lowest. */
  readonly bottom: number;
  /** Where, after the bottom, the loss has risen by a quarter of the fall; `null` if it never has. */
  readonly edge: number | null;
  /** How far the loss fell. */
  readonly depth: number;
}

/**
 * Reads a range test: two bounds for cycling and a rate for constant training, each with an interval, or a
 * refusal with reasons; beside them what the usual libraries would have answered.
 *
 * All in decades of the rate, so that the length of the sweep does not matter, and on a smoothing that has no
 * lag. The rates hang on the loss edge, the feature of such a curve that repeats best from seed to seed: the
 * rate at which a quarter of the fall is lost again; and on the bottom, the rate of the lowest loss.
 * `maxLr = edge / 3.5`, `baseLr = maxLr / 10`, `fixedLr = sqrt(edge · bottom) / 6.3`; the divisors were fitted to
 * trained models in `benchmarks/range-test`. Intervals hold 90 % of the answers to resampled curves (block
 * bootstrap); the confidence is the share of those answers within a factor of 1.5 of `maxLr`, times the share
 * of good suggestions among the surest of that benchmark.
 *
 * @param traces - one sweep, or several of the same model, which are read as one
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
  { resamples = 60 }: AnalyzeOptions = {},
): RangeTestFinding {
  const sweeps = [traces].flat() as readonly RangeTestTrace[];
  const points = sweeps.flatMap((trace) => trace.points).sort((a, b) => a.lr - b.lr);
  const rules = classicRules(sweeps[0]?.points ?? []);
  const refuse = (...reasons: string[]): RangeTestFinding => ({
    suggestion: null,
    edgeLr: null,
    reasons,
    rules,
  });

  const curve = toCurve(points);
  const { x, start, noise } = curve;
  const steps = curve.count.reduce((sum, count) => sum + count, 0);
  if (steps < 20 || x.length < 10) {
    return refuse(`Too short: ${steps} steps with a finite loss at ${x.length} rates; take 100 or more.`);
  }
  const smooth = createSmoother(curve);
  const smoothed = smooth(curve.y);
  const found = featuresOf(curve, smoothed);
  const { fall, bottom, edge, depth } = found;
  const last = x[x.length - 1]!;
  // A smoothed value rests on some eight steps.
  if (!(depth > (5 * noise) / Math.sqrt(8) + 1e-6 * Math.abs(start))) {
    return refuse(
      `Flat: the loss fell from ${round(start)} by ${round(depth)}; its noise is ${round(noise)}.`,
    );
  }
  if (bottom - x[0]! < 0.1)
    return refuse(`Past its best from the first rate, ${rate(x[0]!)}, on: start lower.`);
  const diverged = steps < points.length || sweeps.some(({ stopped }) => stopped?.reason === 'diverged');
  const edgeX = edge ?? (diverged ? last : null);
  if (edgeX === null)
    return refuse(`Never diverged: the loss was near its best up to ${rate(last)}: go higher.`);
  const best = toAnswer(found, edgeX);
  const random = createRandom();
  const answers = Array.from({ length: resamples }, () => {
    const again = featuresOf(curve, smooth(resample(curve.y, smoothed, random)));
    return toAnswer(again, again.edge ?? edgeX);
  }).concat(best);
  const interval = (of: keyof Answer): Interval => {
    const sorted = answers.map((answer) => answer[of]).sort((a, b) => a - b);
    const cut = Math.floor(sorted.length / 20);
    return [10 ** sorted[cut]!, 10 ** sorted[sorted.length - 1 - cut]!];
  };
  const near = answers.filter(({ maxLr }) => Math.abs(maxLr - best.maxLr) < Math.log10(1.5));
  const suggestion: RangeTestSuggestion = {
    baseLr: 10 ** best.baseLr,
    maxLr: 10 ** best.maxLr,
    fixedLr: 10 ** best.fixedLr,
    interval: { baseLr: interval('baseLr'), maxLr: interval('maxLr'), fixedLr: interval('fixedLr') },
    confidence: (surest * near.length) / answers.length,
  };
  return {
    suggestion,
    edgeLr: 10 ** edgeX,
    reasons: [
      `The loss begins to fall at ${rate(fall)}, is lowest at ${rate(bottom)}, and is lost again at ${rate(edgeX)}.`,
    ],
    rules,
  };
}

const round = (value: number): string => value.toPrecision(3);
const rate = (x: number): string => round(10 ** x);

function featuresOf({ x, start }: Curve, y: readonly number[]): Features {
  const low = Math.min(...y);
  const at = y.indexOf(low);
  const depth = start - low;
  let fall = at;
  while (fall > 0 && y[fall]! < start - 0.1 * depth) fall--;
  const edge = y.findIndex((value, i) => i > at && value > low + 0.25 * depth);
  return { fall: x[fall]!, bottom: x[at]!, edge: edge < 0 ? null : x[edge]!, depth };
}

type Answer = Record<'baseLr' | 'maxLr' | 'fixedLr', number>;

// The share of good suggestions among those whose resampled curves all agree, measured by
// benchmarks/range-test.
const surest = 0.75;

// Fitted on the development part of benchmarks/range-test, in decades: of 90 sweeps of 200 or 400 steps all but
// one are stable at maxLr, and 69 have fixedLr within a point of the best accuracy.
const below = { max: 0.55, base: 1.55, fixed: 0.8 } as const;

/** The rates that an edge and a bottom stand for, as log₁₀. */
function toAnswer({ bottom }: Features, edge: number): Answer {
  return {
    baseLr: edge - below.base,
    maxLr: edge - below.max,
    fixedLr: (edge + bottom) / 2 - below.fixed,
  };
}

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

import { checkOptionNames } from '../checkOptionNames.ts';
import { number, oneOf, stepCount } from '../fields.ts';
import { maxResamples } from '../limits.ts';
import type { UpdateKind } from '../optimizers/updateKind.ts';
import { minOf } from '../statistics.ts';
import { accuracyOf } from './accuracyOf.ts';
import { describeAccuracy } from './accuracyReading.ts';
import type { Dynamics } from './batchSharpness.ts';
import { accuracyEdge, decadesBelowEdge, defaultResamples, minSweep, referenceSteps } from './calibration.ts';
import { classicRules } from './classicRules.ts';
import { rateAt, showNumber } from './describe.ts';
import { distances } from './distances.ts';
import { gatherEvidence } from './evidence.ts';
import type { RangeTestFinding } from './finding.ts';
import { highReason, isHigh } from './highStart.ts';
import type { LossSmoothing } from './lossSmoothing.ts';
import { nothingLeftReason, placeOfNothingLeft } from './nothingLeft.ts';
import { isFiniteLoss, poolTraces } from './poolTraces.ts';
import { refusals } from './refusals.ts';
import { resampleEdges } from './resampleEdges.ts';
import { secondOpinion } from './secondOpinion.ts';
import { highestBySharpness, sharesAloneReason } from './sharesAlone.ts';
import { suggest } from './suggest.ts';
import type { RangeTestTrace } from './trace.ts';

/** Options of {@link analyzeRangeTest}. */
export interface AnalyzeOptions {
  /** The number of training steps. Longer training needs lower rates. Default 500. */
  readonly steps?: number;
  /** The kind of update of the training. Default: that of the trace, else a compromise between all kinds. */
  readonly updateKind?: UpdateKind;
  /** The smoothing of the stored losses. Default: that of the trace, else none. */
  readonly smoothing?: LossSmoothing;
  /** The number of times that the curve is resampled for the intervals. Default 60. */
  readonly resamples?: number;
}

/**
 * Reads a range test. It suggests two bounds for cycling and a rate for constant training, each with an interval, or
 * it suggests nothing and says why. It also returns what the rules of other libraries suggest.
 *
 * All distances are measured in decades of the rate, so the length of the sweep does not matter. The smoothing has no
 * lag. The suggested rates are computed from the loss edge, because no other feature of the curve varies less between
 * seeds. The loss edge is the (geometric) mean of the rates at which the loss, after its minimum, has risen back by 5 %
 * to 50 % of its fall. In the formulas, m, r and f are factors, and p and q are exponents; m, f and q depend on the
 * kind of update:
 *
 * `maxLr = edge / m · min(1, 1000 / steps)^q`, `baseLr = maxLr / r`, `fixedLr = min(maxLr, edge / f · (500 / steps)^p)`
 *
 * If the model memorises its training data during the sweep, `maxLr` is at most the rate at which it had memorised
 * them.
 *
 * The intervals come from resampled curves (a block bootstrap) and are then widened. The certainty of the edge rises
 * with the number of steps in the decade below the edge. The confidence rises with this number, and with the fraction
 * by which the loss fell. `calibration.ts` holds all numbers and their sources; most were fitted to trained models in
 * `benchmarks/range-test`.
 *
 * @param traces - one sweep, or several of the same model, which are read as one
 * @throws {PolicyError} if `steps` is not a positive integer, `resamples` is not an integer from 0 to 100,000, or the
 *   kind of update is unknown
 * @throws {ClrError} if it is not given a trace
 * @see Smith, arXiv 1506.01186, section 3.3
 *
 * @example
 * ```ts
 * const losses = [2.3, 2.3, 2.3, 2.29, 2.2, 1.9, 1.4, 1.1, 1, 1.05, 1.4, 2.4];
 * const points = Array.from({ length: 120 }, (_, step) => ({
 *   step,
 *   lr: 10 ** (-4 + step / 30),
 *   loss: losses[Math.floor(step / 10)] + 0.02 * Math.sin(step ** 3),
 * }));
 * const trace = { version: 1, spacing: 'exponential', startLr: 1e-4, endLr: 1, points };
 * const { suggestion } = analyzeRangeTest(trace);
 * suggestion.maxLr > 0.03 && suggestion.maxLr < 0.1; // true
 * ```
 */
export function analyzeRangeTest(
  traces: RangeTestTrace | readonly RangeTestTrace[],
  given: AnalyzeOptions = {},
): RangeTestFinding {
  const {
    steps = referenceSteps,
    resamples = defaultResamples,
    smoothing,
    ...options
  } = checkOptionNames('clr/core', 'analyzeRangeTest', given, [
    'steps',
    'updateKind',
    'smoothing',
    'resamples',
  ]);
  const trace = poolTraces(traces, smoothing);
  const { updateKind = trace.sweeps[0]?.updateKind ?? 'unknown' } = options;
  stepCount(steps, 'steps');
  resampleCount(resamples, 'resamples');
  oneOf(...Object.keys(decadesBelowEdge))(updateKind, 'updateKind');

  const margin = distances(updateKind, steps).maxLr;
  const accuracy = accuracyOf(trace, margin);
  const finding = {
    ...{ edgeLr: null, suggestion: null, rules: classicRules(trace.sweeps[0]?.points ?? []) },
    ...(accuracy?.reading && { accuracy: accuracy.reading }),
  };
  const read = accuracy?.reading ? [describeAccuracy(accuracy.reading)] : [];
  const byAccuracy =
    accuracy !== undefined &&
    accuracy.evidence.curve.steps >= minSweep.steps &&
    trace.points.filter(isFiniteLoss).length < minSweep.steps;
  const evidence = byAccuracy ? accuracy.evidence : gatherEvidence(trace, margin);
  const { fall, bottom, edge } = evidence.features;
  const { spacing } = evidence.axis;
  const rate = (place: number) => evidence.axis.rate(place) / (byAccuracy ? 10 ** accuracyEdge : 1);
  const edgeLr = rate(edge);
  const below = distances(updateKind, steps, spacing);
  const { start } = evidence.curve;
  const high =
    !byAccuracy && isHigh(start, trace.constantLoss) ? [highReason(start, trace.constantLoss)] : [];
  const reasons = [
    ...high,
    ...(byAccuracy ? ['The trace has too few losses, so its accuracy was analysed instead.'] : []),
  ];
  const refusal = refusals.find(({ applies }) => applies(evidence));
  if (refusal) {
    reasons.push(refusal.reason(evidence), ...read);
    // If the loss did not clearly rise and the accuracy did not fall, training has not broken down yet. So the edge
    // found is a lower bound.
    const well = refusal.name === 'neverDiverged' && accuracy?.reading?.fallsLr === null;
    if (!well && !refusal.bounds?.(evidence)) return { ...finding, reasons };
    const maxLr = edgeLr / 10 ** below.maxLr;
    const atLeast = `So maxLr is at least ${showNumber(maxLr)}: the sweep ended before training broke down.`;
    return { ...finding, lowerBound: { edgeLr, maxLr }, reasons: [...reasons, atLeast] };
  }

  const { features, smoothed, curve, sharesAlone } = evidence;
  const { sharesLoss } = evidence.trace;
  const dynamics: Dynamics = { updateKind };
  const first = trace.sweeps[0];
  const sharpest = sharesAlone && first ? highestBySharpness(first, dynamics) : Infinity;
  const learned = byAccuracy ? Infinity : rate(placeOfNothingLeft(evidence));
  const limit = (highest: number) => Math.min(1, (highest * 10 ** below.maxLr) / edgeLr);
  const lower = limit(Math.min(sharpest, learned));
  const edges = [...resampleEdges(evidence, resamples).map(rate), edgeLr].sort((a, b) => a - b);
  // Learning only the class frequencies does not count as a gain.
  const gain = sharesLoss < Infinity ? 1 - minOf(smoothed) / sharesLoss : features.depth / curve.level;
  const logs = edges.map((lr) => Math.log10(lower * lr));
  const suggestion = suggest(trace, Math.log10(lower * edgeLr), logs, below, steps, gain);
  const [falls, lowest, breaks] = [rate(fall), rate(bottom), edgeLr].map((lr) => rateAt(trace, lr));
  return {
    ...finding,
    suggestion,
    edgeLr: lower * edgeLr,
    reasons: [
      ...reasons,
      ...(sharesAlone ? [sharesAloneReason(minOf(smoothed), sharesLoss, limit(sharpest) < 1)] : []),
      ...(byAccuracy
        ? []
        : [`The loss begins to fall at ${falls}, is lowest at ${lowest}, and has risen again at ${breaks}.`]),
      ...(limit(learned) < 1 ? [nothingLeftReason(rateAt(trace, learned))] : []),
      ...read,
      ...trace.sweeps.slice(0, 1).flatMap((sweep) => secondOpinion(sweep, edgeLr, dynamics)),
    ],
  };
}

const resampleCount = /* @__PURE__ */ number(
  (value) => Number.isInteger(value) && value >= 0 && value <= maxResamples,
  `from 0 to ${maxResamples} without a fraction`,
);

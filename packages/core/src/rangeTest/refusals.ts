import { meanOf, minOf } from '../statistics.ts';
import { minDescent, minGain, minRoom, minSweep, provenRises, startWindow } from './calibration.ts';
import { rateAt, rateOf, showNumber } from './describe.ts';
import { doubtOf, roundingOf } from './doubtOf.ts';
import type { Evidence } from './evidence.ts';
import type { PooledTrace } from './poolTraces.ts';
import { spoiledByData } from './spoiledByData.ts';
import type { RangeTestPoint } from './trace.ts';

/** A reason to suggest nothing. */
export interface Refusal {
  readonly name: string;
  readonly applies: (evidence: Evidence) => boolean;
  /** Tells the user what is wrong and what to do about it. */
  readonly reason: (evidence: Evidence) => string;
  /** True if the edge found so far is a lower bound. */
  readonly bounds?: (evidence: Evidence) => boolean;
}

/** Advice for a sweep that saw too little of the low rates. */
const lower = ({ axis, curve: { first } }: Evidence): string =>
  axis.spacing === 'linear' && first?.lr === 0 ? 'End lower, or take an exponential sweep.' : 'Start lower.';
/** The step that broke a sweep for a reason other than its rate. */
const faultIn = ({ sweeps, broken }: PooledTrace): RangeTestPoint | undefined =>
  broken && sweeps.map(spoiledByData).find((point) => point !== undefined);

/** The initial accuracy on training batches. It is NaN if unknown. */
const accuracyBefore = ({ sweeps, points }: PooledTrace): number =>
  sweeps[0]?.baseline?.accuracy ??
  meanOf(points.slice(0, startWindow.steps).map(({ accuracy }) => accuracy ?? Number.NaN));

/** The highest smoothed loss before the lowest. */
const peakOf = ({ curve: { x }, smoothed, features: { bottom } }: Evidence): number =>
  smoothed.reduce((peak, loss, i) => (x[i]! < bottom && loss > peak ? loss : peak), -Infinity);

/** Every refusal. They are tried in this order. */
export const refusals: readonly Refusal[] = [
  {
    name: 'notFinite',
    applies: ({ trace }) => faultIn(trace) !== undefined,
    reason: ({ trace }) => {
      const { lr, step, fault } = faultIn(trace)!;
      if (fault !== undefined)
        return `The loss was not finite at ${rateOf({ lr, step })} because of the data: ${fault}. Fix or remove that example.`;
      const where =
        step === 0
          ? 'before any update'
          : `at ${rateOf({ lr, step })}, which is too low a rate to be the cause`;
      return `The loss was not finite ${where}. Look for NaN or infinite numbers in the inputs and targets${step === 0 ? ', and in the weights' : ' of that batch'}.`;
    },
  },
  {
    name: 'tooShort',
    applies: ({ curve: { x, steps } }) => steps < minSweep.steps || x.length < minSweep.bins,
    reason: ({ curve: { x, steps }, trace }) => {
      const found = `Too short: only ${steps} steps with a finite ${trace.metric}, at ${x.length} distinct rates. Take ${minSweep.advised} steps or more.`;
      if (!trace.broken) return found;
      return `${found} The loss was not finite at ${rateOf(trace.broken)}. Start lower.`;
    },
  },
  {
    name: 'smoothed',
    applies: ({ trace }) => trace.smoothed,
    reason: () =>
      'Smoothed: the noise carries over from step to step, as in a running mean. A running mean lags behind and hides the edge. State the kind of smoothing: smoothing: "fastai", "lightning", "lr-finder" or { beta }; or "none" if the losses are raw.',
  },
  {
    name: 'learnedByHeart',
    applies: ({ trace, curve: { start } }) =>
      start < minGain * trace.constantLoss &&
      trace.constantLoss < Infinity &&
      accuracyBefore(trace) >= 1 - minGain,
    reason: ({ curve: { start } }) =>
      `Nothing to gain: the loss starts at ${showNumber(start)}, and the model already answers all training data correctly. Train on other data, or stop here.`,
  },
  {
    name: 'noBetterThanConstant',
    applies: (evidence) => {
      const { curve, smoothed, trace } = evidence;
      const { constantLoss } = trace;
      const low = minOf(smoothed);
      if (constantLoss === Infinity || !(curve.start - low > doubtOf(evidence))) return false; // no constant answer, or no clear fall
      return !(constantLoss - low > Math.max(doubtOf(evidence), minGain * constantLoss));
    },
    reason: ({ smoothed, trace: { constantLoss, metric } }) =>
      `Nothing learned: the ${metric} fell to ${showNumber(minOf(smoothed))} at best; a constant answer has ${showNumber(constantLoss)}. Check that the targets belong to their inputs, and that the initial weights are neither too large nor all 0.`,
  },
  {
    name: 'flat',
    applies: (evidence) => !(evidence.features.depth > doubtOf(evidence)),
    reason: (evidence) => {
      const { trace, curve, smoothed, features } = evidence;
      const { start, noise } = curve;
      const { depth } = features;
      const upTo = `up to ${rateOf(curve.last!)}`;
      const higher = trace.diverged
        ? 'Training diverged before it learned anything: check'
        : 'Go higher, or check';
      const rose = smoothed.at(-1)! - start > doubtOf(evidence);
      // A linear sweep may skip all rates that train.
      const advice = `${rose && lower(evidence) !== 'Start lower.' ? `${lower(evidence)} Or check` : higher} the model, its loss and its data.`;
      if (!(depth > roundingOf(start)))
        return `Flat: the ${trace.metric} never fell below its start, ${showNumber(start)}, ${upTo}. ${advice}`;
      return `Flat: the ${trace.metric} fell from ${showNumber(start)} by ${showNumber(depth)} ${upTo}; noise of ${showNumber(noise)} a step explains that. ${advice}`;
    },
  },
  {
    name: 'risingFromTheStart',
    applies: ({ curve: { x }, features: { bottom } }) => bottom - x[0]! < minDescent,
    reason: (evidence) =>
      `The ${evidence.trace.metric} was already rising at the lowest rate, ${rateOf(evidence.curve.first!)}. ${lower(evidence)}`,
  },
  {
    name: 'startsNearTheEdge',
    // If a coarse sweep covered the lower rates, the sweep only has to begin below maxLr.
    applies: ({ trace, axis, curve: { x }, features: { edge }, margin }) =>
      Math.log10(axis.rate(edge)) - (trace.afterCoarse ? margin : minRoom) < Math.log10(axis.rate(x[0]!)),
    reason: (evidence) => {
      const { trace, axis, curve, features } = evidence;
      return `The sweep began at ${rateOf(curve.first!)}, just below the rate at which training breaks down, ${rateAt(trace, axis.rate(features.edge))}. ${lower(evidence)}`;
    },
  },
  {
    name: 'leapsBeforeItFalls',
    applies: (evidence) => peakOf(evidence) > evidence.curve.start + evidence.features.depth,
    reason: (evidence) =>
      `The ${evidence.trace.metric} rose from ${showNumber(evidence.curve.start)} to ${showNumber(peakOf(evidence))} before it fell. ${lower(evidence)}`,
  },
  {
    name: 'neverDiverged',
    // If no sweep diverged, the rise itself must be significant.
    applies: (evidence) => {
      const { trace, curve, features } = evidence;
      const doubt = doubtOf(evidence);
      const rise = provenRises.find(({ doubts }) => features.depth > doubts * doubt);
      return !trace.diverged && !(features.lost < curve.x.at(-1)! - (rise?.decades ?? Infinity));
    },
    reason: ({ curve, trace }) =>
      `Never diverged: the ${trace.metric} was near its best up to the highest rate, ${rateOf(curve.last!)}. Go higher.`,
    bounds: (evidence) => evidence.features.depth > provenRises[0]!.doubts * doubtOf(evidence),
  },
];

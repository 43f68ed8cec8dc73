import { describe, expect, it } from 'vitest';
import { analyzeRangeTest } from './analyzeRangeTest.ts';
import { decadesBelowEdge } from './calibration.ts';
import { gatherEvidence } from './evidence.ts';
import { poolTraces } from './poolTraces.ts';
import { refusals } from './refusals.ts';
import type { RangeTestTrace } from './trace.ts';

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** A sweep over decades, whose loss is a function of the decade and the step. */
function sweep(
  loss: (decade: number, step: number) => number,
  {
    from = -4,
    to = 1,
    steps = 200,
    ...more
  }: { from?: number; to?: number; steps?: number } & Partial<RangeTestTrace> = {},
): RangeTestTrace {
  const points = Array.from({ length: steps }, (_, step) => {
    const decade = from + ((to - from) * step) / (steps - 1);
    const value = loss(decade, step);
    return { step, lr: 10 ** decade, loss: Number.isFinite(value) ? value : null };
  });
  return { version: 1, spacing: 'exponential', startLr: 10 ** from, endLr: 10 ** to, points, ...more };
}

/** The loss falls by 1.5 around 1e-2 and is back a little above 0.3. */
const good = (x: number): number => 2.3 - 1.5 * sigmoid(4 * (x + 2)) + 3 * sigmoid(10 * (x + 0.2));
/** Noise that alternates from step to step, so that its size is exact. */
const jitter = (size: number) => (x: number, step: number) => good(x) + size * (step % 2 ? 1 : -1);
const diverged = { stopped: { step: 200, reason: 'diverged' } } as const;
/**
 * The loss is low for the given number of decades from 1e-6 on, then high. More than half of the first tenth of the
 * sweep is high.
 */
const lowUpTo = (decades: number) =>
  sweep((x) => (x < -6 + decades ? 1 : 2), { from: -6, to: 7, steps: 260, coarse: [] });
/** The loss falls at 0.2 and is back at 0.6. */
const late = (x: number): number => 2.3 - 1.5 * sigmoid(12 * (x + 0.7)) + 3 * sigmoid(12 * (x + 0.1));
const falling = (x: number): number => 2.3 - 0.4 * Math.max(0, x + 2);

/** The metrics, before any step, of a model that has memorised a share of its examples. */
const knows = (accuracy: number) => ({ baseline: { loss: 0.0023, accuracy } });

/** Independent noise. */
const noiseOf = (step: number): number => 0.2 * Math.sin(1e4 * (step + 1) ** 2);
/** A running mean of independent noise. */
const noisyMeans = (x: number, step: number): number => {
  const weights = Array.from({ length: 60 }, (_, back) => 0.9 ** back);
  const sum = weights.reduce((all, weight, back) => all + weight * noiseOf(step + 60 - back), 0);
  return good(x) + sum * 0.1;
};

interface Case {
  readonly name: string;
  readonly why: string;
  readonly refused: RangeTestTrace;
  /** A nearly equal curve that is not refused. */
  readonly neighbour: RangeTestTrace;
  readonly reason: RegExp;
}

/** The best constant answer for these curves. */
const constantAnswer = { loss: 2.29, accuracy: 0.12 };
/** The loss falls only from 2.9 to 2.3. */
const settles = (x: number): number => 2.3 + 0.6 * (1 - sigmoid(5 * (x + 2))) + 60 * sigmoid(10 * (x - 0.5));

const cases: readonly Case[] = [
  {
    name: 'notFinite',
    why: 'NaN before the loss moved instead of after it had fallen and risen',
    refused: sweep((x, step) => (step < 30 ? good(x) : Number.NaN), { coarse: [] }),
    neighbour: sweep((x) => (x < -0.1 ? good(x) : Number.NaN), { coarse: [] }),
    reason:
      /^The loss was not finite at 0\.000567 \(step 30\), which is too low a rate to be the cause\. Look for NaN or infinite numbers in the inputs and targets of that batch\.$/,
  },
  {
    name: 'notFinite',
    why: 'NaN at a rate that a coarse sweep had passed',
    refused: sweep((x) => (x < -0.1 ? good(x) : Number.NaN), {
      coarse: [3, 2.5].map((loss, step) => ({ step, lr: 2 * step + 1, loss })),
    }),
    neighbour: sweep((x) => (x < -0.1 ? good(x) : Number.NaN), {
      coarse: [3, 2.5].map((loss, step) => ({ step, lr: 0.5 * step + 0.1, loss })),
    }),
    reason: /^The loss was not finite at 0\.\d+ \(step \d+\), which is too low a rate to be the cause\./,
  },
  {
    name: 'notFinite',
    why: 'NaN at the first step',
    refused: sweep(() => Number.NaN),
    neighbour: sweep(good),
    reason:
      /^The loss was not finite before any update\. Look for NaN or infinite numbers in the inputs and targets, and in the weights\.$/,
  },
  {
    name: 'tooShort',
    why: '19 steps instead of 20',
    refused: sweep(good, { steps: 19 }),
    neighbour: sweep(good, { steps: 20 }),
    reason: /^Too short: only 19 steps with a finite loss, at 19 distinct rates\. Take 100 steps or more\.$/,
  },
  {
    name: 'tooShort',
    why: 'nine rates instead of twenty',
    refused: sweep((x) => good(x), { steps: 9, points: ninefold(sweep(good, { steps: 9 })) }),
    neighbour: sweep((x) => good(x), { steps: 20, points: ninefold(sweep(good, { steps: 20 })) }),
    reason: /^Too short: only 81 steps with a finite loss, at 9 distinct rates\. /,
  },
  {
    name: 'tooShort',
    why: 'NaN after ten steps instead of after the fall',
    refused: sweep((_, step) => (step < 10 ? 2.3 + step / 5 : Number.NaN)),
    neighbour: sweep((x) => (x < -0.4 ? good(x) : Number.NaN)),
    reason: /^Too short: only 10 steps .* The loss was not finite at 0\.000178 \(step 10\)\. Start lower\.$/,
  },
  {
    name: 'smoothed',
    why: 'a running mean of the losses instead of the losses',
    refused: sweep((x, step) => noisyMeans(x, step), diverged),
    neighbour: sweep((x, step) => good(x) + noiseOf(step), diverged),
    reason: /^Smoothed: the noise carries over from step to step, .* smoothing: "fastai"/,
  },
  {
    name: 'learnedByHeart',
    why: 'all predictions right at a loss of 0.0023 instead of nine in ten',
    refused: sweep((x) => good(x) / 1000, { constantAnswer, ...diverged, ...knows(1) }),
    neighbour: sweep((x) => good(x) / 1000, { constantAnswer, ...diverged, ...knows(0.9) }),
    reason:
      /^Nothing to gain: the loss starts at 0\.0023, and the model already answers all training data correctly\./,
  },
  {
    name: 'noBetterThanConstant',
    why: 'a fall that ends at a constant answer instead of below',
    refused: sweep(settles, { constantAnswer, ...diverged }),
    neighbour: sweep((x) => settles(x) - 1.5 * sigmoid(8 * (x + 1)), { constantAnswer, ...diverged }),
    reason: /^Nothing learned: the loss fell to 2\.3\d? at best; a constant answer has 2\.29\. Check/,
  },
  {
    name: 'flat',
    why: 'a loss that never moves instead of one that falls by a millionth',
    refused: sweep(() => 2.3),
    neighbour: sweep((x) => 2.3 + 1e-5 * (good(x) - 2.3)),
    reason: /^Flat: the loss never fell below its start, 2\.3, up to 10 \(step 199\)\. Go higher, or check/,
  },
  {
    name: 'flat',
    why: 'a fall that noise explains instead of one that it does not',
    refused: sweep(jitter(0.5), diverged),
    neighbour: sweep(jitter(0.25), diverged),
    reason:
      /^Flat: the loss fell from \S+ by \S+ up to .*; noise of 1\.21 a step explains that\. Training diverged before it learned anything: check/,
  },
  {
    name: 'flat',
    why: 'a loss that never moves before it is NaN instead of one that falls',
    refused: sweep((x) => (x < 0 ? 2.3 : Number.NaN)),
    neighbour: sweep((x) => (x < -0.4 ? good(x) : Number.NaN)),
    reason:
      /^Flat: .* up to \S+ \(step 159\)\. Training diverged before it learned anything: check the model, its loss and its data\.$/,
  },
  {
    name: 'risingFromTheStart',
    why: 'lowest at the first rate instead of after a fall',
    refused: lowUpTo(0.6),
    neighbour: sweep(good, { coarse: [] }),
    reason: /^The loss was already rising at the lowest rate, 1e-6 \(step 0\)\. Start lower\.$/,
  },
  {
    name: 'startsNearTheEdge',
    why: 'the edge 0.8 decades above the first rate instead of 1.2',
    refused: sweep(late, { from: -1 }),
    neighbour: sweep(late, { from: -1.4 }),
    reason: /^The sweep began at \S+ \(step 0\), just below .* \(step \d+\)\. Start lower\.$/,
  },
  {
    name: 'leapsBeforeItFalls',
    why: 'a jump to 20 instead of to 2.5',
    refused: sweep((x) => (x > -3.75 && x < -3.6 ? 20 : good(x)), diverged),
    neighbour: sweep((x) => (x > -3.75 && x < -3.6 ? 2.5 : good(x)), diverged),
    reason: /^The loss rose from 2\.3 to \S+ before it fell\. Start lower\.$/,
  },
  {
    name: 'neverDiverged',
    why: 'a sweep that reached its end instead of one that diverged there',
    refused: sweep(falling),
    neighbour: sweep(falling, diverged),
    reason:
      /^Never diverged: the loss was near its best up to the highest rate, 10 \(step 199\)\. Go higher\.$/,
  },
  {
    name: 'neverDiverged',
    why: 'a rise in the last bins instead of one for half a decade',
    refused: sweep((x) => (x > 0.95 ? 2.2 : falling(x))),
    neighbour: sweep((x) => (x > 0.5 ? 2.2 : falling(x))),
    reason: /^Never diverged: /,
  },
];

/** Repeats every step nine times. */
function ninefold({ points }: RangeTestTrace): RangeTestTrace['points'] {
  return points.flatMap((point) => Array.from({ length: 9 }, () => point));
}

const applying = (trace: RangeTestTrace): string[] => {
  const evidence = gatherEvidence(poolTraces(trace), decadesBelowEdge.unknown.maxLr);
  return refusals.filter(({ applies }) => applies(evidence)).map(({ name }) => name);
};

describe('refusals', () => {
  it.each(cases)('$name refuses: $why', ({ name, refused, neighbour, reason }) => {
    expect(applying(refused)[0]).toBe(name);
    expect(applying(neighbour)).toEqual([]);
    expect(analyzeRangeTest(refused)).toMatchObject({ suggestion: null, edgeLr: null });
    expect(analyzeRangeTest(refused).reasons[0]).toMatch(reason);
    expect(analyzeRangeTest(neighbour).suggestion).not.toBeNull();
  });

  it('each occur alone on one of these curves', () => {
    const alone = cases.map(({ refused }) => applying(refused)).filter(({ length }) => length === 1);
    expect([...new Set(alone.flat())]).toEqual(refusals.map(({ name }) => name));
  });

  it('allow a start nearer to the edge after a coarse sweep', () => {
    const near = sweep(late, { from: -1 });
    expect(applying(near)).toEqual(['startsNearTheEdge']);
    expect(applying({ ...near, coarse: [] })).toEqual([]);
  });
});

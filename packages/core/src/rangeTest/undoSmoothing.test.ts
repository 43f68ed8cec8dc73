import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyzeRangeTest } from './analyzeRangeTest.ts';
import { fastaiSmoothing } from './fastaiSmoothing.ts';
import type { LossSmoothing } from './lossSmoothing.ts';
import { parseTrace } from './parseTrace.ts';
import type { RangeTestTrace } from './trace.ts';
import { undoSmoothing } from './undoSmoothing.ts';

const traceOf = (losses: readonly (number | null)[]): RangeTestTrace => ({
  version: 1,
  spacing: 'exponential',
  startLr: 1e-4,
  endLr: 10,
  points: losses.map((loss, step) => ({ step, lr: 1e-4 * 1e5 ** (step / (losses.length - 1)), loss })),
});
const lossesOf = ({ points }: RangeTestTrace): (number | null)[] => points.map(({ loss }) => loss);

/** The smoothing of the tools, written from their sources (`benchmarks/range-test/libraries.ts` names them). */
const tools: readonly (readonly [LossSmoothing, (losses: readonly number[]) => number[]])[] = [
  ['fastai', (losses) => means(losses, 0.98).map((mean, i) => mean / (1 - 0.98 ** (i + 1)))],
  ['lightning', (losses) => means(losses, 0.98).map((mean, i) => mean / (1 - 0.98 ** (i + 2)))],
  ['lr-finder', (losses) => means(losses, 0.95, losses[0])],
  [{ beta: 0.9 }, (losses) => means(losses, 0.9, losses[0])],
  [{ beta: 0.7, debias: true }, (losses) => means(losses, 0.7).map((mean, i) => mean / (1 - 0.7 ** (i + 1)))],
  ['none', (losses) => [...losses]],
];
function means(losses: readonly number[], beta: number, from = 0): number[] {
  let mean = from;
  return losses.map((loss) => {
    mean = beta * mean + (1 - beta) * loss;
    return mean;
  });
}

/** A realistic curve with noise: the loss falls from 2.3 to 0.8, and is back soon after 0.3. */
const curve = Array.from({ length: 200 }, (_, step) => {
  const x = -4 + step / 39.8;
  const clean = 2.3 - 1.5 / (1 + Math.exp(-4 * (x + 2))) + 3 / (1 + Math.exp(-10 * (x + 0.2)));
  return clean + 0.1 * Math.sin(1e4 * (step + 1) ** 2);
});
const rounded = (losses: readonly number[], digits: number) =>
  losses.map((loss) => Number(loss.toPrecision(digits)));
const maxLrOf = (trace: RangeTestTrace, smoothing?: LossSmoothing): number =>
  analyzeRangeTest(trace, smoothing && { smoothing }).suggestion!.maxLr;

describe('undoSmoothing', () => {
  it.each(tools)('restores the losses that %j had smoothed', (smoothing, smooth) => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -5, max: 50, noNaN: true }), { minLength: 1 }), (losses) => {
        const undone = lossesOf(undoSmoothing(traceOf(smooth(losses)), smoothing));
        undone.forEach((loss, i) => {
          expect(loss).toBeCloseTo(losses[i]!, 8);
        });
      }),
      { numRuns: 20 },
    );
  });

  it.each(
    tools.flatMap(([smoothing, smooth]) => [4, 5, 6].map((digits) => [smoothing, digits, smooth] as const)),
  )(
    'gives maxLr to within a tenth after smoothing by %j, from losses stored with %i digits',
    (smoothing, digits, smooth) => {
      const trace = traceOf(rounded(smooth(curve), digits));
      const ratio = maxLrOf(trace, smoothing) / maxLrOf(traceOf(curve), 'none');
      expect(Math.abs(ratio - 1)).toBeLessThan(0.1);
      expect(maxLrOf(parseTrace({ ...trace, smoothing }))).toBe(maxLrOf(trace, smoothing));
    },
  );

  it("gives losses from which fastai's smoothing recovers the stored ones", () => {
    const smoothed = tools[0]![1](curve);
    const { losses } = fastaiSmoothing(undoSmoothing(traceOf(smoothed), 'fastai').points);
    losses.forEach((loss, i) => {
      expect(loss).toBeCloseTo(smoothed[i + 20]!, 9);
    });
  });

  it('gives the point after missing steps their mean loss, also if the first steps are missing', () => {
    const { points, ...trace } = traceOf(tools[2]![1]([9, 1, 2, 3, 4]));
    const without = (...steps: number[]) => ({
      ...trace,
      points: points.filter(({ step }) => !steps.includes(step)),
    });
    const gap = (0.95 * 2 + 3) / 1.95;
    expect(lossesOf(undoSmoothing(without(2), 'lr-finder')).map((loss) => loss!.toFixed(9))).toEqual(
      [9, 1, gap, 4].map((loss) => loss.toFixed(9)),
    );
    expect(lossesOf(undoSmoothing(without(0), 'lr-finder'))[2]).toBeCloseTo(3, 9);
  });

  it('keeps values that are not finite, and changes nothing else in a trace', () => {
    const trace = { ...traceOf([3, 2, null]), updateKind: 'sgd', smoothing: { beta: 0.5 } } as const;
    const { points, ...rest } = undoSmoothing(trace);
    expect(points.map(({ loss }) => loss)).toEqual([3, 1, null]);
    expect(rest).toEqual({ ...trace, points: undefined, smoothing: 'none' });
    expect(undoSmoothing(traceOf([1, 2]))).toEqual(traceOf([1, 2]));
  });

  it.each([
    ['keras', /smoothing = "keras".*\n.*/],
    [{ beta: 1 }, /smoothing\.beta = 1/],
    [{ beta: 0.9, bias: true }, /smoothing\.bias/],
    [0.98, /one of none, fastai, lightning, lr-finder, or an object with beta/],
  ])('refuses %j', (smoothing, message) => {
    expect(() => undoSmoothing(traceOf([1, 2]), smoothing as LossSmoothing)).toThrow(message);
    expect(() => analyzeRangeTest(traceOf([1, 2]), { smoothing: smoothing as LossSmoothing })).toThrow(
      message,
    );
    expect(() => parseTrace({ ...traceOf([1, 2]), smoothing })).toThrow(message);
  });

  it('refuses a trace whose rates were tried separately', () => {
    expect(() => undoSmoothing({ ...traceOf([1, 2]), updatesPerRate: 5 }, 'fastai')).toThrow(
      /trace with updatesPerRate/,
    );
  });
});

it('analyzeRangeTest refuses a smoothed curve, with advice', () => {
  for (const [, smooth] of tools.slice(0, 3)) {
    const { suggestion, reasons } = analyzeRangeTest(traceOf(smooth(curve)));
    expect(suggestion).toBeNull();
    expect(reasons[0]).toMatch(/^Smoothed: .* smoothing: "fastai", "lightning", "lr-finder" or \{ beta \}/);
  }
  expect(analyzeRangeTest(traceOf(curve)).suggestion).not.toBeNull();
  // The caller states that the losses are raw.
  expect(analyzeRangeTest(traceOf(tools[0]![1](curve)), { smoothing: 'none' }).suggestion).not.toBeNull();
});

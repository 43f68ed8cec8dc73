import rangeTests from '@clr/tooling/oracle/range_tests.json' with { type: 'json' };
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyzeRangeTest } from './analyzeRangeTest.ts';
import type { RangeTestTrace } from './trace.ts';

/** A sweep from 1e-4 to 10 whose loss is a function of the decade, plus seeded noise at each step. */
function sweep(loss: (decade: number) => number, { noise = 0, steps = 200, seed = 1 } = {}): RangeTestTrace {
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 48271) >>> 0) % 2147483647;
    return state / 2147483647;
  };
  const points = Array.from({ length: steps }, (_, step) => {
    const decade = -4 + (5 * step) / (steps - 1);
    const value = loss(decade) + noise * (random() + random() + random() + random() - 2) * 1.7;
    return { step, lr: 10 ** decade, loss: Number.isFinite(value) ? value : null };
  });
  return { version: 1, spacing: 'exponential', startLr: 1e-4, endLr: 10, points };
}

/** The loss falls from 2.3 around 1e-2, is lowest (0.8) near 0.1, and is back at 2.3 soon after 0.3. */
const classic = (decade: number) =>
  2.3 - 1.5 / (1 + Math.exp(-4 * (decade + 2))) + 3 / (1 + Math.exp(-10 * (decade + 0.2)));

describe('analyzeRangeTest', () => {
  it('finds the bounds of a classic curve', () => {
    const { suggestion, edgeLr, reasons } = analyzeRangeTest(sweep(classic, { noise: 0.03 }));
    expect(suggestion!.maxLr).toBeGreaterThan(0.1);
    expect(suggestion!.maxLr).toBeLessThan(0.5);
    expect(edgeLr).toBeGreaterThan(suggestion!.maxLr);
    expect(suggestion!.baseLr).toBeLessThan(suggestion!.fixedLr);
    expect(suggestion!.fixedLr).toBeLessThan(suggestion!.maxLr);
    expect(suggestion!.certainty).toBeGreaterThan(0.5);
    expect(reasons[0]).toMatch(/begins to fall at .+, is lowest at .+, and has risen again at .+/);
  });

  it('gives intervals that contain the rates and widen with the noise', () => {
    const width = (noise: number) => {
      const { suggestion } = analyzeRangeTest(sweep(classic, { noise }));
      for (const rate of ['baseLr', 'maxLr', 'fixedLr'] as const) {
        const [low, high] = suggestion!.interval[rate];
        expect(suggestion![rate]).toBeGreaterThanOrEqual(low * (1 - 1e-9));
        expect(suggestion![rate]).toBeLessThanOrEqual(high * (1 + 1e-9));
      }
      const [low, high] = suggestion!.interval.maxLr;
      return Math.log10(high / low);
    };
    expect(width(0.2)).toBeGreaterThan(width(0.01));
  });

  it('does not depend on the unit or the zero of the loss', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 100, noNaN: true }),
        fc.double({ min: -50, max: 50, noNaN: true }),
        (scale, shift) => {
          const plain = analyzeRangeTest(sweep(classic)).suggestion!;
          const other = analyzeRangeTest(sweep((x) => scale * classic(x) + shift)).suggestion!;
          expect(Math.log10(other.maxLr / plain.maxLr)).toBeCloseTo(0, 1);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('gives nearly the same rates for every length of the sweep', () => {
    const rates = [100, 200, 400, 1000].map(
      (steps) => analyzeRangeTest(sweep(classic, { steps, noise: 0.02 })).suggestion!.maxLr,
    );
    expect(Math.log10(Math.max(...rates) / Math.min(...rates))).toBeLessThan(0.2);
  });

  it('gives the same finding at every call, and analyses several sweeps together', () => {
    const traces = [1, 2, 3].map((seed) => sweep(classic, { noise: 0.1, seed }));
    expect(analyzeRangeTest(traces)).toEqual(analyzeRangeTest(traces));
    expect(analyzeRangeTest(traces).suggestion!.maxLr).toBeGreaterThan(0.1);
  });

  it('suggests a lower fixedLr for longer training', () => {
    const fixedLr = (steps: number) => analyzeRangeTest(sweep(classic), { steps }).suggestion!.fixedLr;
    expect(fixedLr(500)).toBe(analyzeRangeTest(sweep(classic)).suggestion!.fixedLr);
    expect(fixedLr(50_000) / fixedLr(500)).toBeCloseTo(100 ** -0.35, 12);
    const stepsOf = (options = {}) => analyzeRangeTest(sweep(classic), options).suggestion!.steps;
    expect([stepsOf(), stepsOf({ steps: 7 })]).toEqual([500, 7]);
  });

  it('uses the kind of update of the trace or of the caller', () => {
    const trace = sweep(classic);
    const fixedLr = (of: RangeTestTrace, options = {}) => analyzeRangeTest(of, options).suggestion!.fixedLr;
    expect(fixedLr({ ...trace, updateKind: 'sgd' })).toBeGreaterThan(2 * fixedLr(trace));
    for (const updateKind of ['sgd', 'momentum', 'adaptive', 'rmsProp'] as const) {
      expect(fixedLr(trace, { updateKind })).toBe(fixedLr({ ...trace, updateKind }));
      const { fixedLr: rate, maxLr } = analyzeRangeTest(trace, { updateKind, steps: 10 }).suggestion!;
      expect(rate).toBeLessThanOrEqual(maxLr);
    }
  });

  it('is more certain about a slow sweep than about a fast one, and never fully certain', () => {
    const [fast, slow] = [60, 400].map(
      (steps) => analyzeRangeTest(sweep(classic, { steps })).suggestion!.certainty,
    );
    expect(slow).toBeGreaterThan(fast!);
    expect(slow).toBeLessThan(0.75);
  });

  it('takes the first rate with a loss of NaN as the edge', () => {
    const { edgeLr, suggestion } = analyzeRangeTest(
      sweep((x) => (x > -0.5 ? Number.NaN : 2.3 - 1.5 / (1 + Math.exp(-4 * (x + 2))))),
    );
    expect(edgeLr).toBeCloseTo(10 ** -0.5, 1);
    expect(suggestion!.maxLr).toBeLessThan(edgeLr!);
  });

  it.each([
    [
      'that is flat',
      () => 2.3,
      0,
      /^Flat: the loss never fell below its start, 2\.3, up to 10 \(step 199\)\. Go higher, /,
    ],
    ['that is flat with noise', () => 2.3, 0.1, /^Flat: .*; noise of 0\.\d+ a step explains that\. /],
    [
      'that never diverges',
      (x: number) => 2.3 - 0.4 * Math.max(0, x + 2),
      0.01,
      /^Never diverged: .* Go higher\.$/,
    ],
    [
      'that ends in its first wobble upwards',
      (x: number) => (x > 0.93 ? 2 : 2.3 - 0.4 * Math.max(0, x + 2)),
      0.01,
      /^Never diverged: .* \(step \d+\)\. Go higher\.$/,
    ],
    ['that only rises', (x: number) => 1 + 0.5 * (x + 4), 0.01, /^(The loss was already rising|Flat)/],
    [
      'that leaps up before it falls',
      (x: number) => (x > -3.75 && x < -3.6 ? 20 : classic(x)),
      0.01,
      /^The loss rose from 2\.3 to .* before it fell\. Start lower\.$/,
    ],
    [
      'that begins above the rates that it would suggest',
      (x: number) => 2.3 - 1.5 * Math.sin(6 * (x + 4)),
      0.01,
      / Start lower\.$/,
    ],
    [
      'that begins in the decade below its edge',
      (x: number) => 2.3 - 1.5 / (1 + Math.exp(-12 * (x + 3.7))) + 3 / (1 + Math.exp(-12 * (x + 3.1))),
      0.01,
      / Start lower\.$/,
    ],
    ['that is NaN at once', () => Number.NaN, 0, /^The loss was not finite before any update\. Look for NaN/],
  ])('refuses a curve %s, with the reason', (_, loss, noise, reason) => {
    const { suggestion, reasons } = analyzeRangeTest(sweep(loss, { noise }));
    expect(suggestion).toBeNull();
    expect(reasons[0]).toMatch(reason);
  });

  it('gives a lower bound for a linear sweep that never diverges', () => {
    const points = Array.from({ length: 200 }, (_, step) => {
      const lr = step / 199;
      return { step, lr, loss: step > 196 ? 1.65 : 2.3 - 0.7 * lr ** 0.5 };
    });
    const trace = { version: 1, spacing: 'linear', startLr: 0, endLr: 1, points } as const;
    const { reasons, lowerBound, suggestion, edgeLr } = analyzeRangeTest(trace, { updateKind: 'sgd' });
    expect([suggestion, edgeLr]).toEqual([null, null]);
    expect(reasons[0]).toMatch(/^Never diverged: .* Go higher\.$/);
    expect(lowerBound!.edgeLr).toBeGreaterThan(0.9);
    expect(lowerBound!.edgeLr).toBeLessThanOrEqual(1);
    expect(reasons[1]).toBe(
      `So maxLr is at least ${Number(lowerBound!.maxLr.toPrecision(3))}: the sweep ended before training broke down.`,
    );
  });

  it('gives a lower bound for a sweep that ends during the fall, and the whole sweep confirms it', () => {
    const whole = sweep(classic, { noise: 0.03 });
    const { suggestion } = analyzeRangeTest(whole);
    for (const end of [0.02, 0.05, 0.1]) {
      const points = whole.points.filter(({ lr }) => lr <= end);
      const { lowerBound } = analyzeRangeTest({ ...whole, endLr: end, points });
      expect(lowerBound!.maxLr).toBeLessThan(suggestion!.maxLr);
      expect(lowerBound!.maxLr).toBeGreaterThan(end / 4);
    }
    expect(analyzeRangeTest(sweep(() => 2.3, { noise: 0.1 }))).not.toHaveProperty('lowerBound');
  });

  it('finds nearly the same edge in a linear sweep as in an exponential one', () => {
    const linear = (steps: number, endLr: number) => {
      const points = Array.from({ length: steps }, (_, step) => {
        const lr = (endLr * step) / (steps - 1);
        return { step, lr, loss: classic(Math.log10(lr)) + 0.03 * Math.sin(1e4 * step ** 2) };
      });
      return { version: 1, spacing: 'linear', startLr: 0, endLr, points } as const;
    };
    const exponential = analyzeRangeTest(sweep(classic, { noise: 0.03 })).edgeLr!;
    for (const [steps, endLr] of [
      [300, 0.6],
      [300, 1],
      [100, 1],
      [1000, 3],
    ] as const) {
      const { edgeLr, suggestion } = analyzeRangeTest(linear(steps, endLr));
      // The edges of two seeds of one setting differ by as much.
      const apart = Math.abs(Math.log10(edgeLr! / exponential));
      expect(apart, `${steps} steps to ${endLr}`).toBeLessThan(0.11);
      expect(suggestion!.certainty).toBeGreaterThan(0.5);
    }
    // The whole fall and rise lie between two steps.
    expect(analyzeRangeTest(linear(300, 300)).suggestion).toBeNull();
  });

  it('does not take a missing loss as the end of the sweep', () => {
    const whole = sweep(classic, { noise: 0.03 });
    const without = (...steps: number[]) =>
      analyzeRangeTest({
        ...whole,
        points: whole.points.map((point) => (steps.includes(point.step) ? { ...point, loss: null } : point)),
      });
    for (const steps of [[0], [3], [100, 101], [7, 60, 120]])
      expect(without(...steps).edgeLr! / analyzeRangeTest(whole).edgeLr!).toBeCloseTo(1, 1);
  });

  it('refuses a sweep that is too short, or empty', () => {
    expect(analyzeRangeTest(sweep(classic, { steps: 12 })).reasons[0]).toMatch(/^Too short: only 12 steps/);
    expect(analyzeRangeTest({ ...sweep(classic), points: [] }).suggestion).toBeNull();
    expect(analyzeRangeTest([]).suggestion).toBeNull();
  });

  it('returns plain JSON', () => {
    const finding = analyzeRangeTest(sweep(classic, { noise: 0.02 }));
    expect(JSON.parse(JSON.stringify(finding))).toEqual(finding);
  });

  const digits = rangeTests.curves.filter((curve) => 'setting' in curve && curve.schedule === 'exp');

  it.each(digits)(
    'suggests a stable maxLr on $id, and a fixedLr that loses little even if short training favours higher rates',
    ({ setting, startLr, endLr, lr, loss }) => {
      const { rows, bestAccuracy, largestStable } = rangeTests.settings.find(
        (one) => one.setting === setting,
      )!;
      const points = lr.map((rate, step) => ({ step, lr: rate, loss: loss[step]! }));
      const trace = { version: 1, spacing: 'exponential', startLr, endLr, points } as const;
      const suggestion = analyzeRangeTest(trace).suggestion!;
      expect(suggestion.maxLr).toBeLessThanOrEqual(largestStable);
      // fixedLr lies between two rates of the grid, so its accuracy is interpolated.
      const above = rows.findIndex((row) => row.lr >= suggestion.fixedLr);
      const [low, high] = [rows[above - 1]!, rows[above]!];
      const way = Math.log(suggestion.fixedLr / low.lr) / Math.log(high.lr / low.lr);
      expect(low.accuracy + way * (high.accuracy - low.accuracy)).toBeGreaterThan(bestAccuracy - 0.05);
    },
  );
});

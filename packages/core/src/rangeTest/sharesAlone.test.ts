import { describe, expect, it } from 'vitest';
import { analyzeRangeTest } from './analyzeRangeTest.ts';
import { highestBySharpness } from './sharesAlone.ts';
import type { RangeTestTrace } from './trace.ts';

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** A sweep whose loss falls from 4.5 to `low`, rises by 1.2, and is back at 4.5 only at far higher rates. */
function sweepTo(low: number, given: Partial<RangeTestTrace> = {}): RangeTestTrace {
  const points = Array.from({ length: 200 }, (_, step) => {
    const x = -5 + (step / 199) * 7;
    const noise = 0.02 * Math.sin(37 * step);
    const loss =
      4.5 - (4.5 - low) * sigmoid(4 * (x + 3)) + 1.2 * sigmoid(6 * (x + 0.5)) + 9 * sigmoid(20 * (x - 1.5));
    return { step, lr: 10 ** x, loss: loss + noise };
  });
  return {
    ...{ version: 1, spacing: 'exponential', startLr: 1e-5, endLr: 100, points, updateKind: 'adaptive' },
    ...{ momentum: 0.9, coarse: points.slice(0, 10), constantAnswer: { loss: 3.2, accuracy: 0.2 } },
    ...given,
  };
}
const even = { constantAnswer: { loss: 3.2, accuracy: 0.05 } };
const looks = (...values: number[]) => ({
  sharpness: values.map((sharpness, step) => ({ step, lr: 0.01, sharpness })),
});

describe('a sweep over imbalanced classes', () => {
  it('has a lower edge if the loss of the class shares is known', () => {
    const { points } = sweepTo(2.2);
    const start = analyzeRangeTest(sweepTo(2.2, { constantAnswer: { loss: null } }));
    const shares = analyzeRangeTest({ ...sweepTo(2.2), points });
    expect(shares.edgeLr).toBeLessThan(0.9 * start.edgeLr!);
    expect(shares.reasons.join()).not.toMatch(/class shares/);
  });

  it('has a low confidence if it learned only the class shares', () => {
    const { suggestion, reasons } = analyzeRangeTest(sweepTo(3.2));
    const unaware = analyzeRangeTest(sweepTo(3.2, { constantAnswer: { loss: null } }));
    expect(suggestion!.confidence).toBeLessThan(0.5);
    expect(unaware.suggestion!.confidence).toBeGreaterThan(0.6);
    expect(reasons[0]).toMatch(/^The range test only learned the class shares: .* Give it more steps\.$/);
  });

  it('limits maxLr by the batch sharpness if it learned only the class shares', () => {
    const free = analyzeRangeTest(sweepTo(3.2));
    const { suggestion, edgeLr, reasons } = analyzeRangeTest(sweepTo(3.2, looks(1000, 1000, 1000)));
    expect(suggestion!.maxLr).toBeCloseTo(0.002, 12);
    expect(edgeLr! / suggestion!.maxLr).toBeCloseTo(free.edgeLr! / free.suggestion!.maxLr, 9);
    expect(reasons[0]).toMatch(/So maxLr is the highest that the batch sharpness allows/);
    expect(analyzeRangeTest(sweepTo(3.2, looks(1e-9, 1e-9, 1e-9))).suggestion).toEqual(free.suggestion);
  });

  it('is read as usual if the classes are balanced', () => {
    const reasons = analyzeRangeTest(sweepTo(2.2, even)).reasons;
    expect(reasons.join()).not.toMatch(/class shares/);
  });
});

describe('highestBySharpness', () => {
  it('is the geometric mean of the three lowest edges', () => {
    const trace = sweepTo(3.2, looks(2, 20, 200, 2000));
    expect(highestBySharpness(trace, { updateKind: 'adaptive' })).toBeCloseTo(0.01, 12);
    expect(highestBySharpness(trace, { updateKind: 'momentum' })).toBeCloseTo(0.001, 12);
  });

  it('is Infinity for plain SGD, for too few measurements, and if the loss does not curve up', () => {
    expect(highestBySharpness(sweepTo(3.2, looks(2, 20, 200)), { updateKind: 'sgd' })).toBe(Infinity);
    expect(highestBySharpness(sweepTo(3.2, looks(2, 20)), { updateKind: 'adaptive' })).toBe(Infinity);
    expect(highestBySharpness(sweepTo(3.2, looks(-2, -20, 3)), { updateKind: 'adaptive' })).toBe(Infinity);
    expect(highestBySharpness(sweepTo(3.2), { updateKind: 'adaptive' })).toBe(Infinity);
  });
});

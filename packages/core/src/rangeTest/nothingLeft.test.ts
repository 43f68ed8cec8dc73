import { describe, expect, it } from 'vitest';
import { analyzeRangeTest } from './analyzeRangeTest.ts';
import type { RangeTestTrace } from './trace.ts';

/** A sweep whose loss falls to `left` at 0.01, stays there, and rises at 1: a small training set, memorised. */
function byHeart(left: number, constantAnswer?: RangeTestTrace['constantAnswer']): RangeTestTrace {
  const points = Array.from({ length: 200 }, (_, step) => {
    const lr = 1e-4 * 10 ** (step / 40);
    const loss = lr < 0.01 ? 1.1 * (1 - lr / 0.01) + left : lr < 1 ? left : lr;
    return { step, lr, loss: loss + 1e-3 * Math.sin(step ** 3) * loss };
  });
  return {
    ...{ version: 1, spacing: 'exponential', startLr: 1e-4, endLr: 10, points, smoothing: 'none' },
    ...{ updateKind: 'adaptive', stopped: { step: 200, reason: 'diverged' } },
    ...(constantAnswer && { constantAnswer }),
  };
}

it.each([-0.5, -1.1, -3])(
  'suggests the same rates if the losses of a regression are shifted by %s',
  (shift) => {
    const trace = byHeart(0.02);
    const shifted = (by: number) => {
      const points = trace.points.map((point) => ({ ...point, loss: point.loss! + by }));
      return analyzeRangeTest({ ...trace, points, constantAnswer: { loss: 1.1 + by } });
    };
    const { suggestion, reasons } = shifted(shift);
    expect(suggestion!.maxLr).toBeCloseTo(shifted(0).suggestion!.maxLr, 12);
    expect(reasons.join(' ')).not.toMatch(/almost 0|normalised/);
  },
);

describe('a sweep that memorises its data', () => {
  const known = { loss: 1.1, accuracy: 1 / 3 };

  it('limits maxLr to the rate at which nothing is left to learn, and says so', () => {
    const { suggestion, reasons } = analyzeRangeTest(byHeart(0.001, known));
    expect(suggestion!.maxLr).toBeGreaterThan(0.005);
    expect(suggestion!.maxLr).toBeLessThan(0.02);
    expect(suggestion!.fixedLr).toBeLessThanOrEqual(suggestion!.maxLr);
    expect(reasons.join(' ')).toMatch(/The loss is almost 0 from 0\.0\d+ \(step \d+\) on/);
  });

  it.each([
    ['some loss is always left', byHeart(0.02, known)],
    ['the loss of a constant answer is unknown', byHeart(0.001)],
    ['the model is a regression, which may really have almost no loss', byHeart(0.001, { loss: 1.1 })],
  ])('does not limit maxLr if %s', (_, trace) => {
    const { suggestion, reasons } = analyzeRangeTest(trace);
    expect(suggestion!.maxLr).toBeGreaterThan(0.1);
    expect(reasons.join(' ')).not.toContain('almost 0');
  });
});

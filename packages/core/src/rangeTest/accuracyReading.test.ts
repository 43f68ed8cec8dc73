import { describe, expect, it } from 'vitest';
import { analyzeRangeTest } from './analyzeRangeTest.ts';
import type { RangeTestPoint, RangeTestTrace } from './trace.ts';

const randomOf = (seed: number) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 48271) >>> 0) % 2147483647;
    return state / 2147483647;
  };
};

/** The share of `examples` that a model of this accuracy classifies right. */
function draw(accuracy: number, examples: number, random: () => number): number {
  let right = 0;
  for (let i = 0; i < examples; i++) right += random() < accuracy ? 1 : 0;
  return right / examples;
}

interface Sweep {
  readonly steps?: number;
  /** The number of examples in a batch; Infinity for accuracies without noise. */
  readonly examples?: number;
  readonly seed?: number;
  /** The number of validation examples, evaluated every tenth step; 0 for none. */
  readonly held?: number;
  readonly loss?: (decade: number) => number | null;
}

/** A sweep from 1e-5 to 1 whose accuracy is a function of the decade. It has losses only if they are given. */
function sweep(
  accuracy: (decade: number) => number,
  { steps = 200, examples = Infinity, seed = 1, held = 0, loss = () => null }: Sweep = {},
): RangeTestTrace {
  const random = randomOf(1000 + seed);
  const all = Array.from({ length: steps }, (_, step) => ({ step, decade: -5 + (5 * step) / (steps - 1) }));
  const look = (of: (decade: number) => number | null, number: number) =>
    all.map(({ step, decade }): RangeTestPoint => {
      const share = accuracy(decade);
      const seen = number === Infinity ? share : draw(share, number, random);
      return { step, lr: 10 ** decade, loss: of(decade), accuracy: seen };
    });
  const points = look(loss, examples);
  const validation =
    held > 0 ? { validation: look(() => null, held).filter(({ step }) => step % 10 === 9) } : {};
  return { version: 1, spacing: 'exponential', startLr: 1e-5, endLr: 1, points, ...validation };
}

/** Chance level up to 1e-3.5, a straight rise to 0.9 at 1e-2, flat to 1e-1, and chance level again at 1e-0.5. */
const table = (decade: number): number =>
  0.1 + 0.8 * Math.max(0, Math.min(1, (decade + 3.5) / 1.5, (-0.5 - decade) / 0.5));
const decades = (trace: RangeTestTrace) => {
  const { accuracy } = analyzeRangeTest(trace);
  const of = (lr: number | null | undefined) => (lr ? Math.log10(lr) : lr);
  return accuracy && [of(accuracy.risesLr), of(accuracy.slowsLr), of(accuracy.fallsLr)];
};

describe('the accuracy of a range test', () => {
  it('shows the rates at which it begins to rise, slows and falls', () => {
    const [rises, slows, falls] = decades(sweep(table))!;
    expect(rises).toBeCloseTo(-3.35, 1); // a tenth of the rise
    expect(slows).toBeCloseTo(-2.15, 1); // nine tenths of it
    expect(falls).toBeCloseTo(-1 + 0.5 * 0.258, 1); // the mean of the rates at which 5, 10, 20, 30, 40, 50 % are lost
  });

  it.each([
    ['batches of 32', { examples: 32 }],
    ['batches of 16', { examples: 16 }],
    ['validation data', { examples: 32, held: 1000 }],
  ])('is read correctly despite the noise of %s', (_, how) => {
    for (let seed = 1; seed <= 20; seed++) {
      const [rises, slows, falls] = decades(sweep(table, { ...how, seed }))!;
      expect(Math.abs(rises! + 3.35), `rises, seed ${seed}`).toBeLessThan(0.5);
      expect(Math.abs(slows! + 2.15), `slows, seed ${seed}`).toBeLessThan(0.5);
      expect(Math.abs(falls! + 0.87), `falls, seed ${seed}`).toBeLessThan(0.25);
    }
  });

  it.each([1, 4, 32, 256])('gives no reading at chance level in batches of %i', (examples) => {
    for (let seed = 1; seed <= 50; seed++) {
      for (const chance of [0.01, 0.1, 0.5]) {
        const trace = sweep(() => chance, { examples, seed, held: 500 });
        expect(analyzeRangeTest(trace).accuracy, `chance ${chance}, seed ${seed}`).toBeUndefined();
      }
    }
  });

  it('is not read if it never exceeds that of a constant answer', () => {
    const trace = sweep((decade) => (decade > -3 && decade < -1 ? 0.9 : 0.3), { examples: 32 });
    expect(analyzeRangeTest(trace).accuracy).toBeDefined();
    const constantAnswer = { loss: 0.3, accuracy: 0.9 };
    expect(analyzeRangeTest({ ...trace, constantAnswer }).accuracy).toBeUndefined();
  });

  it('is read on validation data, even if the evaluations start late, unless there are too few', () => {
    const late = sweep(table, { examples: 32, held: 1000 });
    expect(analyzeRangeTest(late).accuracy!.of).toBe('validation');
    const validation = late.validation!.filter(({ lr }) => lr > 10 ** -2.3);
    const { accuracy } = analyzeRangeTest({ ...late, validation });
    expect(accuracy!.of).toBe('validation');
    expect(Math.log10(accuracy!.risesLr!)).toBeCloseTo(-3.35, 0);
    const few = analyzeRangeTest({ ...late, validation: validation.slice(0, 5) });
    expect(few.accuracy!.of).toBe('training');
  });

  it('counts as ragged from its first clear drop', () => {
    const dip = (decade: number) => (Math.abs(decade + 2.7) < 0.1 ? 0.15 : table(decade));
    const [, slows] = decades(sweep(dip))!;
    expect(slows).toBeLessThan(-2.75);
    expect(slows).toBeGreaterThan(-3.1);
  });

  it('gives a lower bound if it still climbs at the end', () => {
    const climb = (decade: number) => 0.1 + 0.15 * Math.max(0, decade + 4);
    const finding = analyzeRangeTest(sweep(climb, { examples: 64 }));
    expect(finding.accuracy).toMatchObject({ slowsLr: null, fallsLr: null });
    expect(finding.suggestion).toBeNull();
    expect(finding.lowerBound!.edgeLr).toBeCloseTo(1 / 10 ** 0.085, 1);
    expect(finding.reasons.join(' ')).toMatch(/still climbs at the end\. So maxLr is at least/);
  });

  it('gives a lower bound where the loss alone gives none, if it has not fallen', () => {
    // The loss falls by little more than its noise explains.
    const random = randomOf(5);
    const loss = (decade: number) =>
      2.3 - 0.42 * Math.max(0, Math.min(1, (decade + 3.5) / 1.5)) + 0.4 * (random() + random() - 1);
    const level = (decade: number) => table(Math.min(decade, -1.5));
    const trace = sweep(level, { examples: 64, loss });
    const { lowerBound, reasons } = analyzeRangeTest(trace);
    expect(reasons[0]).toMatch(/^Never diverged/);
    expect(lowerBound).toBeDefined();
    const without = { ...trace, points: trace.points.map(({ accuracy: _, ...point }) => point) };
    expect(analyzeRangeTest(without).lowerBound).toBeUndefined();
  });

  it('replaces missing losses and leads to about the same rates', () => {
    // The loss edge is a little below the rate at which the accuracy falls.
    const loss = (decade: number) => 3 - 2.5 * table(decade + 0.085);
    const both = sweep(table, { examples: 32, loss });
    const byLoss = analyzeRangeTest(both, { updateKind: 'momentum' });
    const byAccuracy = analyzeRangeTest(sweep(table, { examples: 32 }), { updateKind: 'momentum' });
    expect(byAccuracy.reasons[0]).toMatch(/^The trace has too few losses/);
    expect(Math.abs(Math.log10(byAccuracy.suggestion!.maxLr / byLoss.suggestion!.maxLr))).toBeLessThan(0.1);
    expect(byAccuracy.edgeLr).toBeLessThan(byAccuracy.accuracy!.fallsLr!);
  });

  it('leads to a refusal if it is at chance level and the trace has no losses', () => {
    const { suggestion, lowerBound, reasons } = analyzeRangeTest(sweep(() => 0.1, { examples: 32 }));
    expect(suggestion).toBeNull();
    expect(lowerBound).toBeUndefined();
    expect(reasons.join(' ')).toMatch(/^The trace has too few losses.* Flat: the error rate/);
  });

  it('agrees with the paper on a curve like its figure 3: 21 evaluations at rates up to 0.02', () => {
    // The shape of figure 3: the accuracy rises at once, becomes ragged, and falls at the end.
    const shares = [
      0.1, 0.33, 0.4, 0.43, 0.46, 0.475, 0.48, 0.462, 0.485, 0.47, 0.492, 0.478, 0.5, 0.49, 0.51, 0.485,
      0.495, 0.46, 0.45, 0.42, 0.4,
    ];
    const validation = shares.map((accuracy, i) => ({ step: 200 * i, lr: 0.001 * i, loss: null, accuracy }));
    const trace = { version: 1, spacing: 'linear', startLr: 0, endLr: 0.02, points: [], validation } as const;
    const { accuracy, lowerBound, suggestion } = analyzeRangeTest(trace);
    expect(accuracy!.risesLr ?? 0).toBeLessThanOrEqual(0.001);
    expect(accuracy!.slowsLr).toBeGreaterThan(0.002);
    expect(accuracy!.slowsLr).toBeLessThan(0.01);
    expect(accuracy!.fallsLr ?? Infinity).toBeGreaterThan(0.014);
    const { maxLr } = (suggestion ?? lowerBound)!;
    expect(maxLr).toBeGreaterThan(0.002);
    expect(maxLr).toBeLessThan(0.012);
  });
});

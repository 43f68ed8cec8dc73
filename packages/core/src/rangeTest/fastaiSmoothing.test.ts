import { expect, it } from 'vitest';
import { classicRules } from './classicRules.ts';
import { fastaiSmoothing } from './fastaiSmoothing.ts';
import type { RangeTestPoint } from './trace.ts';

const points = (losses: readonly (number | null)[]): RangeTestPoint[] =>
  losses.map((loss, step) => ({ step, lr: step + 1, loss }));
const times = (n: number, loss: number): number[] => Array.from({ length: n }, () => loss);

it('smooths by a debiased running mean with weight 0.98', () => {
  // Only the first loss is 1. After i further losses its weight is 0.02 · 0.98^i, of a total of 1 − 0.98^(i + 1).
  const { losses, lrs } = fastaiSmoothing(points([1, ...times(40, 0.5)]));
  expect(lrs[0]).toBe(5); // the first tenth of 41 steps is left out
  expect(lrs.at(-1)).toBe(36); // and the last five
  for (const [at, loss] of losses.entries()) {
    const i = at + 4;
    expect(loss).toBeCloseTo(0.5 + (0.5 * 0.02 * 0.98 ** i) / (1 - 0.98 ** (i + 1)), 12);
  }
});

it('cuts the curve where the mean exceeds four times its best, or is not a number', () => {
  // After many losses of 1, k losses of h give the mean 1 + (h − 1) · (1 − 0.98^k). The curve is cut at the first k for
  // which this exceeds 4.
  const long = times(2000, 1);
  for (const [height, k] of [
    [400, 1],
    [100, 2],
  ] as const) {
    const first = Array.from({ length: 9 }, (_, i) => i + 1).find(
      (k) => 1 + (height - 1) * (1 - 0.98 ** k) > 4,
    );
    expect(first).toBe(k);
    const { lrs } = fastaiSmoothing(points([...long, ...times(100, height)]));
    expect(lrs.at(-1)).toBe(2000 + k - 1 - 5);
  }
  expect(fastaiSmoothing(points([...times(50, 1), null, ...times(50, 1)])).lrs.at(-1)).toBe(45);
});

it('gives no suggestion if no steps are left', () => {
  const none = { steepest: null, minimum: null, valley: null, slide: null };
  expect(classicRules([])).toEqual(none);
  expect(classicRules(points([null, 1, 2]))).toEqual(none);
  expect(classicRules(points(times(5, 1)))).toEqual(none);
});

it('passes the same curve to all four rules', () => {
  const losses = Array.from({ length: 100 }, (_, i) => 2 + Math.cos((Math.PI * i) / 60));
  const { lrs, losses: smooth } = fastaiSmoothing(points(losses));
  const rules = classicRules(points(losses));
  expect(rules.minimum).toBe(lrs[smooth.indexOf(Math.min(...smooth))]! / 10);
  for (const rate of [rules.steepest, rules.valley, rules.slide]) expect(lrs).toContain(rate);
});

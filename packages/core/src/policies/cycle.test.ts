import { describe, expect, it } from 'vitest';
import { cosineRestarts, cyclic, expRange, toSchedule, triangular, triangular2 } from '../index.ts';
import type { CycleOptions } from './cycle.ts';

const windows = ['triangular', 'welch', 'hann'] as const;
const sizes = [
  [1, 1],
  [3, 3],
  [5, 3],
  [1, 9],
  [10, 1],
  [2000, 2000],
  [2000, 1000],
  [7777, 12345],
] as const;
const bounds = [
  [0.001, 0.006],
  [0, 0.1],
  [1 / 3, 2 / 3],
  [1e-7, 3],
  [0.1, 0.1],
] as const;
const shapes = windows.flatMap((window) =>
  sizes.flatMap(([stepSize, stepSizeDown]) =>
    bounds.map(([baseLr, maxLr]): CycleOptions => ({ baseLr, maxLr, stepSize, stepSizeDown, window })),
  ),
);
const momentum = { base: 0.85, max: 0.95 };

/** Cycles near the start and near the steps 1e4 … 1e9. */
function cyclesOf({ stepSize, stepSizeDown = stepSize }: CycleOptions): number[] {
  const last = Math.floor(1e9 / (stepSize + stepSizeDown));
  return [
    0,
    1,
    2,
    3,
    10,
    1074,
    ...[1e4, 1e6, 1e8].map((step) => Math.floor((step / 1e9) * last)),
    last - 1,
    last,
  ];
}

describe('a cycle up to step 1e9', () => {
  it.each(shapes)(
    'has exact troughs and peaks: $window, $stepSize/$stepSizeDown steps, $baseLr to $maxLr',
    (options) => {
      const { stepSize, stepSizeDown = stepSize, baseLr, maxLr } = options;
      const steady = toSchedule(triangular({ ...options, momentum }));
      const halving = toSchedule(triangular2({ ...options, momentum }));
      const decay = { type: 'harmonic' } as const;
      const others = [expRange({ ...options, gamma: 0.999 }), cyclic({ ...options, decay })].map(toSchedule);
      for (const cycle of cyclesOf(options)) {
        const trough = cycle * (stepSize + stepSizeDown);
        const peak = trough + stepSize;
        expect(steady.lr(peak)).toBe(maxLr);
        expect(steady.momentum(peak)).toBe(momentum.base);
        expect(halving.lr(peak)).toBeCloseTo(baseLr + (maxLr - baseLr) * 0.5 ** cycle, 15);
        for (const { lr } of [steady, halving, ...others]) expect(lr(trough)).toBe(baseLr);
        for (const { momentum: at } of [steady, halving]) expect(at(trough)).toBe(momentum.max);
        expect(steady.at(trough)).toMatchObject({
          cycle,
          phase: 0,
          cycleEnd: trough + stepSize + stepSizeDown,
        });
      }
    },
  );

  it('rises and falls monotonically, and never exceeds maxLr', () => {
    for (const options of shapes.filter(({ stepSize }) => stepSize <= 10)) {
      const { stepSize, stepSizeDown = stepSize, baseLr, maxLr } = options;
      const { lr } = toSchedule(triangular(options));
      for (let step = 0; step < stepSize + stepSizeDown; step++) {
        if (step < stepSize) expect(lr(step + 1)).toBeGreaterThanOrEqual(lr(step));
        else expect(lr(step + 1)).toBeLessThanOrEqual(lr(step));
        expect(lr(step)).toBeGreaterThanOrEqual(baseLr);
        expect(lr(step)).toBeLessThanOrEqual(maxLr);
      }
    }
  });
});

it.each([
  ['triangular', 0.25],
  ['welch', 1 - 0.75 ** 2],
  ['hann', (1 + Math.cos(0.75 * Math.PI)) / 2],
] as const)('the window %s has its textbook height a quarter of the way up', (window, height) => {
  const { lr } = toSchedule(triangular({ baseLr: 0, maxLr: 1, stepSize: 4, stepSizeDown: 8, window }));
  expect(lr(1)).toBeCloseTo(height, 15);
  expect(lr(10)).toBeCloseTo(height, 15);
});

it('cosine restarts return to maxLr, bit for bit, up to step 1e9', () => {
  for (const [firstCycle, cycleMultiplier] of [
    [10, 1],
    [7, 3],
    [1, 2],
  ] as const) {
    const { at } = toSchedule(cosineRestarts({ baseLr: 1 / 3, maxLr: 2 / 3, firstCycle, cycleMultiplier }));
    let start = 0;
    for (let cycle = 0; cycle < 200 && start <= 1e9; cycle++) {
      expect(at(start)).toMatchObject({ lr: 2 / 3, cycle, phase: 0 });
      start = at(start).cycleEnd;
    }
  }
});

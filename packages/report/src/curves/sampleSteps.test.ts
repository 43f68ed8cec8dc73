import { cosineRestarts, toSchedule, triangular } from '@clr/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extent } from './extent.ts';
import { sampleSteps } from './sampleSteps.ts';

describe('sampleSteps', () => {
  it('gives every step of a run of up to 100,000 steps', () => {
    const schedule = toSchedule(() => 0.1);
    expect(sampleSteps(schedule, 3)).toEqual([0, 1, 2, 3]);
    expect(sampleSteps(schedule, 100_000)).toHaveLength(100_001);
  });

  it('reaches both bounds of a triangular policy within a thousandth of a longer run', () => {
    const halves = fc.oneof(fc.integer({ min: 2, max: 50 }), fc.integer({ min: 51, max: 10_000 }));
    const long = fc.integer({ min: 20_000_000, max: 2 ** 52 });
    fc.assert(
      fc.property(halves, halves, long, (stepSize, stepSizeDown, steps) => {
        const schedule = toSchedule(triangular({ baseLr: 1, maxLr: 2, stepSize, stepSizeDown }));
        const sampled = sampleSteps(schedule, steps);
        expect([sampled[0], sampled.at(-1)]).toEqual([0, steps]);
        expect(sampled.every((step, index) => index === 0 || step > sampled[index - 1]!)).toBe(true);
        for (const part of [0, 499, 998]) {
          const inside = sampled.filter(
            (step) => step >= (part * steps) / 1000 && step < ((part + 1) * steps) / 1000,
          );
          const [low, high] = extent(inside.map(schedule.lr));
          // With cycles of a few steps, a sample of hundreds of steps hits the peak or a step next to it.
          expect(low).toBeLessThan(1 + 1 / Math.min(stepSize, stepSizeDown) + 0.1);
          expect(high).toBeGreaterThan(2 - 1 / Math.min(stepSize, stepSizeDown) - 0.1);
        }
      }),
      // With these cycles, steps spaced by the golden ratio missed the peaks.
      { numRuns: 5, examples: [[64, 16, 2953110181730759]] },
    );
  });

  it('keeps troughs and restarts exact if cycles are longer than a pixel', () => {
    const schedule = toSchedule(cosineRestarts({ baseLr: 0, maxLr: 1, firstCycle: 1_234_567 }));
    const sampled = new Set(sampleSteps(schedule, 20_000_000));
    for (let end = 1_234_567; end < 20_000_000; end += 1_234_567) {
      expect([sampled.has(end - 1), sampled.has(end)]).toEqual([true, true]);
    }
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyStep } from '../../test/arbitraries.ts';
import { decay, fitToCycles, toSchedule, triangular, wsd } from '../index.ts';

const shapes = ['linear', 'cosine', 'sqrt', 'rex', { power: 1.7 }] as const;
const rate = fc.double({ min: 1e-30, max: 1e30, noNaN: true, noDefaultInfinity: true });
const count = fc.integer({ min: 1, max: 2 ** 40 });
const shape = fc.constantFrom(...shapes);

describe('decay', () => {
  it('equals the first cycle of `triangular` from 0, bit for bit', () => {
    fc.assert(
      fc.property(rate, count, count, anyStep, (maxLr, stepSize, stepSizeDown, step) => {
        const steps = stepSize + stepSizeDown;
        const triangle = toSchedule(triangular({ baseLr: 0, maxLr, stepSize, stepSizeDown }));
        const ours = toSchedule(decay({ maxLr, steps, warmup: stepSize }));
        expect(ours.at(step % steps)).toStrictEqual(triangle.at(step % steps));
      }),
    );
  });

  it('reaches its peak and its end exactly, and stays at the end', () => {
    fc.assert(
      fc.property(rate, rate, count, count, shape, (a, b, warmup, down, shape) => {
        const [finalLr, maxLr] = [Math.min(a, b), Math.max(a, b)];
        const steps = warmup + down;
        const { lr, at } = toSchedule(decay({ maxLr, finalLr, steps, warmup, shape }));
        expect([lr(0), lr(warmup), lr(steps), lr(2 * steps)]).toEqual([0, maxLr, finalLr, finalLr]);
        expect(at(steps - 1).cycleEnd).toBe(steps);
      }),
    );
  });

  it('rises and falls monotonically', () => {
    fc.assert(
      fc.property(rate, fc.integer({ min: 1, max: 300 }), fc.nat(300), shape, (maxLr, steps, w, shape) => {
        const warmup = w % steps;
        const { lr } = toSchedule(decay({ maxLr, steps, warmup, shape }));
        for (let step = 0; step < steps; step++) {
          if (step < warmup) expect(lr(step + 1)).toBeGreaterThan(lr(step));
          else expect(lr(step + 1)).toBeLessThanOrEqual(lr(step));
        }
      }),
    );
  });

  it('rounds a warm-up given as a share to the nearest step', () => {
    const peakOf = (steps: number, warmup: number): number => {
      const { lr } = toSchedule(decay({ maxLr: 1, steps, warmup }));
      return [...Array(steps).keys()].find((step) => lr(step) === 1)!;
    };
    // 0.29 · 100 is a little below 29 in floating point.
    expect([peakOf(100, 0.29), peakOf(10, 0.24), peakOf(10, 0.26), peakOf(4, 0.99)]).toEqual([29, 2, 3, 3]);
    expect(peakOf(1000, 1)).toBe(1);
  });

  it('is never cut short by `fitToCycles`', () => {
    const policy = decay({ maxLr: 1, steps: 500 });
    expect([1, 499, 500, 501].map((budget) => fitToCycles(policy, budget))).toEqual([500, 500, 500, 501]);
  });
});

describe('wsd', () => {
  it('warms up once, and begins each later cycle at its peak', () => {
    fc.assert(
      fc.property(rate, count, count, count, fc.integer({ min: 1, max: 9 }), shape, (...of) => {
        const [maxLr, warmup, stable, cooldown, cycles, shape] = of;
        const steps = warmup + stable + cooldown;
        const { lr, at } = toSchedule(wsd({ maxLr, steps, warmup, cooldown, cycles, shape }));
        expect(lr(0)).toBe(0);
        for (let cycle = 0; cycle < cycles; cycle++) {
          const start = cycle * steps;
          if (cycle > 0) expect(lr(start)).toBe(maxLr);
          expect([warmup, warmup + stable].map((step) => lr(start + step))).toEqual([maxLr, maxLr]);
          expect(lr(start + steps - 1)).toBeLessThanOrEqual(maxLr);
          expect(at(start + steps - 1)).toMatchObject({ cycle, cycleEnd: start + steps });
        }
        expect(at(cycles * steps)).toMatchObject({ lr: 0, cycle: cycles, phase: 0, cycleEnd: Infinity });
      }),
    );
  });

  it('equals a decay if it has no stable part', () => {
    fc.assert(
      fc.property(rate, count, count, shape, anyStep, (maxLr, warmup, cooldown, shape, step) => {
        const steps = warmup + cooldown;
        const one = toSchedule(wsd({ maxLr, steps, warmup, cooldown, shape }));
        expect(one.at(step)).toStrictEqual(toSchedule(decay({ maxLr, steps, warmup, shape })).at(step));
      }),
    );
  });

  it('has troughs at which `fitToCycles` ends a training run', () => {
    const policy = wsd({ maxLr: 1, steps: 100, cycles: 5 });
    expect([10, 149, 151, 480, 700].map((budget) => fitToCycles(policy, budget))).toEqual([
      100, 100, 200, 500, 700,
    ]);
  });
});

import { expect, it } from 'vitest';
import { fitToCycles, ramp, sequence, toSchedule } from '../index.ts';

it('an exponential ramp never passes its ends, not even by rounding', () => {
  const steps = 2 ** 52;
  let passed = 0;
  for (let index = 0; index < 2000; index++) {
    const [startLr, endLr] = [Math.exp(-index / 100), Math.exp(-index / 370 - 1)];
    const { lr } = toSchedule(ramp({ startLr, endLr, steps, spacing: 'exponential' }));
    const bare = startLr * Math.exp((Math.log(endLr) - Math.log(startLr)) * ((steps - 1) / steps));
    const [low, high] = startLr < endLr ? [startLr, endLr] : [endLr, startLr];
    if (bare < low || bare > high) passed++;
    for (const step of [0, 1, steps - 1, steps, steps + 1]) {
      expect(lr(step)).toBeGreaterThanOrEqual(low);
      expect(lr(step)).toBeLessThanOrEqual(high);
    }
    expect([lr(0), lr(steps)]).toEqual([startLr, endLr]);
  }
  expect(passed, 'cases in which the bare formula passes the end').toBeGreaterThan(0);
});

it('an exponential ramp has equal ratios between its steps', () => {
  const { lr } = toSchedule(ramp({ startLr: 1e-4, endLr: 10, steps: 50, spacing: 'exponential' }));
  for (let step = 0; step < 50; step++) expect(lr(step + 1) / lr(step)).toBeCloseTo(1e5 ** (1 / 50), 12);
});

it('a falling ramp ends training at its end, also as the last stage of a sequence', () => {
  const up = ramp({ startLr: 0, endLr: 1, steps: 100, spacing: 'linear' });
  const down = ramp({ startLr: 1, endLr: 0, steps: 900, spacing: 'linear' });
  expect([up, down].map((policy) => fitToCycles(policy, 700))).toEqual([700, 900]);
  expect(fitToCycles(sequence([{ policy: up, steps: 100 }, { policy: down }]), 700)).toBe(1000);
});

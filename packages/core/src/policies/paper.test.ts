import { describe, expect, it } from 'vitest';
import {
  cyclic,
  expRange,
  type Policy,
  ramp,
  sequence,
  toSchedule,
  triangular,
  triangular2,
} from '../index.ts';

// The paper's CIFAR-10 settings, computed by hand from its formulas (arXiv 1506.01186, sections 3.1 and 4.1).
const bounds = { baseLr: 0.001, maxLr: 0.006, stepSize: 2000 };
const steps = [0, 1, 1000, 2000, 3000, 4000, 6000, 8000, 10000, 14000, 42000];
const gamma = 0.99994;

const columns: readonly (readonly [
  name: string,
  policy: Policy,
  rates: readonly number[],
  digits: number,
])[] = [
  [
    'triangular',
    triangular(bounds),
    [0.001, 0.0010025, 0.0035, 0.006, 0.0035, 0.001, 0.006, 0.001, 0.006, 0.006, 0.006],
    15,
  ],
  [
    'triangular2',
    triangular2(bounds),
    [0.001, 0.0010025, 0.0035, 0.006, 0.0035, 0.001, 0.0035, 0.001, 0.00225, 0.001625, 0.00100488],
    8,
  ],
  [
    'exp_range on the amplitude',
    expRange({ ...bounds, gamma }),
    [
      0.001, 0.00100249985, 0.00335441, 0.00543459, 0.00308816, 0.001, 0.00448834, 0.001, 0.00374401,
      0.0031585, 0.00140227,
    ],
    8,
  ],
  [
    'exp_range on both bounds',
    expRange({ ...bounds, gamma, decay: 'bounds' }),
    [
      0.001, 0.00100244, 0.00329617, 0.0053215, 0.00292343, 0.000786622, 0.00418601, 0.000618774, 0.00329281,
      0.0025902, 0.000482721,
    ],
    8,
  ],
  [
    'harmonic',
    cyclic({ ...bounds, decay: { type: 'harmonic' } }),
    [0.001, 0.0010025, 0.0035, 0.006, 0.0035, 0.001, 0.0035, 0.001, 0.00266667, 0.00225, 0.00145455],
    8,
  ],
];

describe('the paper’s numbers', () => {
  it.each(columns)('are the rates of %s', (_, policy, rates, digits) => {
    const { lr } = toSchedule(policy);
    for (const [index, step] of steps.entries()) expect(lr(step)).toBeCloseTo(rates[index]!, digits);
  });

  it('assigns a trough to the cycle that starts there', () => {
    const { at } = toSchedule(triangular(bounds));
    expect(at(3999).cycle).toBe(0);
    expect(at(4000)).toEqual({ lr: 0.001, cycle: 1, phase: 0, cycleEnd: 8000 });
  });

  it('matches the headline run of table 2: the amplitude halves after every cycle, and each stage starts at its full amplitude', () => {
    const stage = (scale: number, stepSize: number): Policy =>
      triangular2({ baseLr: 0.001 * scale, maxLr: 0.005 * scale, stepSize });
    const { lr, at } = toSchedule(
      sequence([
        { policy: stage(1, 2000), steps: 16000 },
        { policy: stage(0.1, 1000), steps: 6000 },
        { policy: stage(0.01, 500), steps: 3000 },
      ]),
    );
    const peaks = [2000, 6000, 10000, 14000, 17000, 19000, 21000, 22500, 23500, 24500];
    const rates = [5e-3, 3e-3, 2e-3, 1.5e-3, 5e-4, 3e-4, 2e-4, 5e-5, 3e-5, 2e-5];
    for (const [index, peak] of peaks.entries()) {
      expect(lr(peak)).toBeCloseTo(rates[index]!, 15);
      expect(at(peak)).toMatchObject({ cycle: index, phase: 0.5 });
    }
    expect(at(24999).cycleEnd).toBe(25000);
  });

  it('matches the decay baseline of section 4.1: down in 4000 steps, then constant', () => {
    const { lr } = toSchedule(ramp({ startLr: 0.007, endLr: 0.001, steps: 4000, spacing: 'linear' }));
    expect([0, 2000, 4000, 70000].map(lr)).toEqual([0.007, 0.004, 0.001, 0.001]);
  });
});

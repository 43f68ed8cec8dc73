import {
  constant,
  cosineRestarts,
  cyclic,
  decay,
  expRange,
  oneCycle,
  type Policy,
  ramp,
  sequence,
  table,
  triangular,
  triangular2,
  wsd,
} from '@clr/core';

/** A policy, and the same schedule written by hand with the policy's numbers as constants. */
export interface Case {
  readonly policy: Policy;
  readonly byHand: (step: number) => number;
}

const bounds = { baseLr: 0.001, maxLr: 0.006, stepSize: 2000 };

/** The height of the triangle that `bounds` describes, from 0 to 1. */
function height(step: number): number {
  const position = step % 4000;
  return (position <= 2000 ? position : 4000 - position) / 2000;
}

const rates: readonly number[] = Array.from({ length: 1000 }, (_, step) => 0.1 / (step + 1));

export const cases: Readonly<Record<string, Case>> = {
  constant: { policy: constant({ lr: 0.001 }), byHand: () => 0.001 },
  triangular: { policy: triangular(bounds), byHand: (step) => 0.001 + 0.005 * height(step) },
  'triangular, welch': {
    policy: triangular({ ...bounds, window: 'welch' }),
    byHand: (step) => 0.001 + 0.005 * (1 - (1 - height(step)) ** 2),
  },
  'triangular, hann': {
    policy: triangular({ ...bounds, window: 'hann' }),
    byHand: (step) => 0.001 + 0.0025 * (1 - Math.cos(Math.PI * height(step))),
  },
  triangular2: {
    policy: triangular2(bounds),
    byHand: (step) => 0.001 + (0.005 * height(step)) / 2 ** Math.floor(step / 4000),
  },
  'exp_range, amplitude': {
    policy: expRange({ ...bounds, gamma: 0.99994 }),
    byHand: (step) => 0.001 + 0.005 * height(step) * 0.99994 ** step,
  },
  'exp_range, bounds': {
    policy: expRange({ ...bounds, gamma: 0.99994, decay: 'bounds' }),
    byHand: (step) => (0.001 + 0.005 * height(step)) * 0.99994 ** step,
  },
  'cyclic, harmonic': {
    policy: cyclic({ ...bounds, decay: { type: 'harmonic' } }),
    byHand: (step) => 0.001 + (0.005 * height(step)) / (Math.floor(step / 4000) + 1),
  },
  oneCycle: {
    policy: oneCycle({ maxLr: 0.1, totalSteps: 20_000 }),
    byHand: (step) =>
      step <= 5999
        ? 0.004 + 0.048 * (1 - Math.cos((Math.PI * step) / 5999))
        : 4e-7 + (0.1 - 4e-7) * 0.5 * (1 + Math.cos((Math.PI * (step - 5999)) / 14_000)),
  },
  cosineRestarts: {
    policy: cosineRestarts({ baseLr: 0, maxLr: 0.1, firstCycle: 2000 }),
    byHand: (step) => 0.05 * (1 + Math.cos((Math.PI * (step % 2000)) / 2000)),
  },
  'cosineRestarts, doubling': {
    policy: cosineRestarts({ baseLr: 0, maxLr: 0.1, firstCycle: 100, cycleMultiplier: 2 }),
    byHand(step) {
      const cycle = Math.floor(Math.log2(step / 100 + 1));
      const length = 100 * 2 ** cycle;
      return 0.05 * (1 + Math.cos((Math.PI * (step - length + 100)) / length));
    },
  },
  decay: {
    policy: decay({ maxLr: 0.1, steps: 20_000 }),
    byHand: (step) => (step < 1000 ? 1e-4 * step : 0.1 * Math.max(0, (20_000 - step) / 19_000)),
  },
  'wsd in cycles, 1 − √x': {
    policy: wsd({ maxLr: 0.1, steps: 4000, warmup: 500, cooldown: 1000, shape: 'sqrt', cycles: 5 }),
    byHand(step) {
      if (step < 500) return 2e-4 * step;
      if (step >= 20_000) return 0;
      return 0.1 * (1 - Math.sqrt(Math.max(0, (step % 4000) - 3000) / 1000));
    },
  },
  'ramp, linear': {
    policy: ramp({ startLr: 0.1, endLr: 0.001, steps: 20_000, spacing: 'linear' }),
    byHand: (step) => 0.1 - 0.099 * Math.min(1, step / 20_000),
  },
  'ramp, exponential': {
    policy: ramp({ startLr: 1e-6, endLr: 1, steps: 20_000, spacing: 'exponential' }),
    byHand: (step) => 1e-6 * 1e6 ** Math.min(1, step / 20_000),
  },
  sequence: {
    policy: sequence([
      { policy: ramp({ startLr: 0, endLr: 0.006, steps: 10_000, spacing: 'linear' }), steps: 10_000 },
      { policy: triangular(bounds) },
    ]),
    byHand: (step) => (step < 10_000 ? 6e-7 * step : 0.001 + 0.005 * height(step - 10_000)),
  },
  table: { policy: table({ values: rates }), byHand: (step) => rates[Math.min(step, 999)]! },
};

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
import { renderPolicy } from '@clr/report';

const bounds = { baseLr: 0.001, maxLr: 0.006, stepSize: 2000 };

/** An example of every policy, by the name of its page. */
export const policies: Readonly<Record<string, Policy>> = {
  constant: constant({ lr: 0.01 }),
  triangular: triangular(bounds),
  triangular2: triangular2(bounds),
  expRange: expRange({ ...bounds, gamma: 0.99994 }),
  cyclic: cyclic({ ...bounds, window: 'hann', decay: { type: 'harmonic' } }),
  decay: decay({ maxLr: 0.1, steps: 1000, warmup: 50, shape: 'cosine' }),
  wsd: wsd({ maxLr: 0.1, steps: 1000, warmup: 100, cycles: 3 }),
  oneCycle: oneCycle({ maxLr: 0.1, totalSteps: 1000, momentum: { base: 0.85, max: 0.95 } }),
  cosineRestarts: cosineRestarts({ baseLr: 0, maxLr: 0.1, firstCycle: 200, cycleMultiplier: 2 }),
  ramp: ramp({ startLr: 1e-5, endLr: 1, steps: 400, spacing: 'exponential' }),
  sequence: sequence([
    { policy: triangular2({ baseLr: 0.001, maxLr: 0.005, stepSize: 2000 }), steps: 16000 },
    { policy: triangular2({ baseLr: 0.0001, maxLr: 0.0005, stepSize: 1000 }), steps: 6000 },
  ]),
  table: table({ values: [0.1, 0.1, 0.08, 0.05, 0.05, 0.02, 0.01, 0.01] }),
};

const steps: Readonly<Record<string, number>> = {
  sequence: 22000,
  table: 12,
  ramp: 500,
  oneCycle: 1100,
  decay: 1000,
  wsd: 3000,
  cosineRestarts: 1400,
};

/** The picture of every policy, by the name of its page. */
export function policyPictures(): [name: string, svg: string][] {
  return Object.entries(policies).map(([name, policy]) => {
    const { [name]: drawn } = steps;
    const options = { width: 720, title: `The rate under ${name}`, showTitle: false };
    return [name, renderPolicy(policy, { ...options, ...(drawn && { steps: drawn }) })];
  });
}

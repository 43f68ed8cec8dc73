import * as core from '@clr/core';
import { kinds } from '../src/policies/kinds.ts';

const size = { low: 0.001, high: 0.006, steps: 160 };
export const bounds = { baseLr: 0.001, maxLr: 0.006, stepSize: 20 };

/**
 * Every kind with the page's default numbers, and policies with the options that change the code for another library.
 */
export const policies: readonly core.Policy[] = [
  ...kinds.map(({ make }) => make(size)),
  core.triangular({ ...bounds, stepSizeDown: 7, momentum: { base: 0.8, max: 0.95 } }),
  core.triangular({ ...bounds, window: 'hann' }),
  core.expRange({ ...bounds, gamma: 0.99, decay: 'bounds' }),
  core.cyclic(bounds),
  core.cyclic({ ...bounds, decay: { type: 'geometric', factor: 0.7, per: 'cycle', of: 'amplitude' } }),
  core.cyclic({ ...bounds, decay: { type: 'geometric', factor: 0.99, per: 'step', of: 'amplitude' } }),
  core.cyclic({ ...bounds, decay: { type: 'geometric', factor: 0.7, per: 'cycle', of: 'bounds' } }),
  core.oneCycle({ maxLr: 0.1, totalSteps: 60, threePhase: true, anneal: 'linear', pctStart: 0.4 }),
  core.oneCycle({ maxLr: 0.1, totalSteps: 60, momentum: { base: 0.85, max: 0.95 }, divFactor: 10 }),
  core.oneCycle({ maxLr: 0.1, totalSteps: 10, pctStart: 0.1 }),
  core.oneCycle({ maxLr: 0.1, totalSteps: 10, pctStart: 0 }),
  core.oneCycle({ maxLr: 0.1, totalSteps: 10, pctStart: 1 }),
  core.cosineRestarts({ baseLr: 0.001, maxLr: 0.1, firstCycle: 10, cycleMultiplier: 2 }),
  core.decay({ maxLr: 0.1, steps: 50, warmup: 0, finalLr: 0.01 }),
  core.decay({ maxLr: 0.1, steps: 50, warmup: 0, finalLr: 0.01, shape: 'cosine' }),
  core.decay({ maxLr: 0.1, steps: 50, warmup: 10, finalLr: 0.01, shape: 'cosine' }),
  core.decay({ maxLr: 0.1, steps: 50, warmup: 0, shape: { power: 2 } }),
  core.decay({ maxLr: 0.1, steps: 50, warmup: 0, finalLr: 0.01, shape: { power: 2 } }),
  core.decay({ maxLr: 0.1, steps: 50, warmup: 0, shape: 'sqrt' }),
  core.decay({ maxLr: 0.1, steps: 50, warmup: 0, shape: 'rex' }),
  core.wsd({ maxLr: 0.1, steps: 50, cycles: 2 }),
  core.ramp({ startLr: 0.001, endLr: 0.1, steps: 40, spacing: 'linear' }),
  core.ramp({ startLr: 0, endLr: 0.1, steps: 40, spacing: 'linear' }),
  core.ramp({ startLr: 0.001, endLr: 0.1, steps: 40, spacing: 'exponential' }),
  core.table({ values: Array.from({ length: 40 }, (_, i) => 0.1 / (i + 1)) }),
];

import { chance } from './calibration.ts';

/**
 * The probability that a decay from the suggested peak comes within half a point of a decay from a tuned peak. It rises
 * with the fraction by which the sweep lowered the loss: on a task that is learned in few steps, the peak matters less.
 *
 * @param gain - the fraction by which the sweep lowered the loss
 * @param density - the steps in the decade below the edge
 */
export function chanceOf(gain: number, density: number): number {
  const share = Math.max(0, Math.min(chance.maxGain, Number.isFinite(gain) ? gain : 0));
  const steps = Math.min(chance.maxSteps, density);
  return 1 / (1 + Math.exp(-(chance.base + chance.gain * share + chance.density * Math.log1p(steps))));
}

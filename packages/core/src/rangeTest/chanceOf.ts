import { chance } from './calibration.ts';

/**
 * The chance that the suggested plan comes within half a point of a decay whose peak was tuned. It rises with what the
 * sweep shows of the task: the larger the share of the loss that was gained in so few steps, the less the peak decides.
 *
 * @param gain - the share of the loss that the sweep gained
 * @param density - the steps in the decade below the edge
 */
export function chanceOf(gain: number, density: number): number {
  const share = Math.max(0, Math.min(chance.maxGain, Number.isFinite(gain) ? gain : 0));
  const steps = Math.min(chance.maxSteps, density);
  return 1 / (1 + Math.exp(-(chance.base + chance.gain * share + chance.density * Math.log1p(steps))));
}

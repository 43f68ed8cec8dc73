import type { Schedule } from '@clr/core';

/** Up to this many steps, every step is drawn. */
const most = 100_000;

/** The fractional part of the golden ratio: its multiples spread evenly without a period. */
const spread = (Math.sqrt(5) - 1) / 2;

/**
 * The steps of a run to draw, from 0 to `steps`, in order. Above 100,000 steps it takes one step from each of 100,000
 * equal stretches, and adds nearby troughs and the steps before them. The samples never fall in step with the cycles,
 * so peaks show however short the cycles are; cycles of a few steps show as a band.
 */
export function sampleSteps({ at }: Pick<Schedule, 'at'>, steps: number): readonly number[] {
  if (steps <= most) return Array.from({ length: steps + 1 }, (_, step) => step);
  const stretch = steps / most;
  const sampled = [0];
  const add = (step: number): void => {
    if (step > sampled.at(-1)! && step <= steps) sampled.push(step);
  };
  // A decaying policy is widest at its beginning, which may be shorter than one stretch.
  for (let step = 1; step < stretch; step = Math.ceil(step * 1.01)) add(step);
  for (let index = 1; index <= most; index++) {
    const step = index < most ? Math.floor((index + ((index * spread) % 1)) * stretch) : steps;
    const { cycleEnd } = at(sampled.at(-1)!);
    if (cycleEnd <= step) for (const end of [cycleEnd - 1, cycleEnd]) add(end);
    add(step);
  }
  return sampled;
}

import type { Schedule } from '@clr/core';

/** Up to so many steps each one is drawn. */
const most = 100_000;

/** The golden ratio’s fraction: its multiples spread evenly and repeat no rhythm. */
const spread = (Math.sqrt(5) - 1) / 2;

/**
 * The steps of a run to draw, from 0 to `steps`, in order: all of them, or where there are more than 100,000 one of
 * each of 100,000 equal stretches, with the troughs beside them and the steps before those. No sample falls in step
 * with the cycles, so that peaks show however short the cycles are; in cycles of a few steps they show as a band.
 */
export function sampleSteps({ at }: Pick<Schedule, 'at'>, steps: number): readonly number[] {
  if (steps <= most) return Array.from({ length: steps + 1 }, (_, step) => step);
  const stretch = steps / most;
  const sampled = [0];
  const add = (step: number): void => {
    if (step > sampled.at(-1)! && step <= steps) sampled.push(step);
  };
  // A policy that decays is at its widest in the beginning, which may be less than one stretch.
  for (let step = 1; step < stretch; step = Math.ceil(step * 1.01)) add(step);
  for (let index = 1; index <= most; index++) {
    const step = index < most ? Math.floor((index + ((index * spread) % 1)) * stretch) : steps;
    const { cycleEnd } = at(sampled.at(-1)!);
    if (cycleEnd <= step) for (const end of [cycleEnd - 1, cycleEnd]) add(end);
    add(step);
  }
  return sampled;
}

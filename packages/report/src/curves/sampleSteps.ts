import type { Schedule } from '@clr/core';

/** Up to this many steps, every step is drawn. */
const most = 100_000;

/**
 * The steps at which a run is drawn, from 0 to `steps`, in order. Above 100,000 steps it takes one step from each of
 * 100,000 equal intervals, and adds nearby troughs and the steps before them. The position in an interval is
 * pseudo-random, because any regular spacing misses all peaks of some policy. Cycles of a few steps appear as a band.
 */
export function sampleSteps({ at }: Pick<Schedule, 'at'>, steps: number): readonly number[] {
  if (steps <= most) return Array.from({ length: steps + 1 }, (_, step) => step);
  const stretch = steps / most;
  const sampled = [0];
  const add = (step: number): void => {
    if (step > sampled.at(-1)! && step <= steps) sampled.push(step);
  };
  const addWithTrough = (step: number): void => {
    const { cycleEnd } = at(sampled.at(-1)!);
    if (cycleEnd <= step) for (const end of [cycleEnd - 1, cycleEnd]) add(end);
    add(step);
  };
  // A decaying policy is highest in its first cycle, which may lie within one interval. So the first steps are closer
  // together.
  const close = 100;
  for (let step = 1; step < close * stretch; step = Math.ceil(step * (1 + 1 / close))) addWithTrough(step);
  for (let index = close; index < most; index++)
    addWithTrough(Math.floor((index + scatter(index)) * stretch));
  addWithTrough(steps);
  return sampled;
}

/** A pseudo-random number in [0, 1) that is the same each time: MurmurHash3's finalizer. */
function scatter(index: number): number {
  let bits = index;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return ((bits ^ (bits >>> 16)) >>> 0) / 2 ** 32;
}

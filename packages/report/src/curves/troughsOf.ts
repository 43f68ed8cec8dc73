import type { Schedule } from '@clr/core';

/** The troughs of a schedule up to the step `steps`, at most `most` of them. */
export function troughsOf(schedule: Schedule, steps: number, most: number): readonly number[] {
  const troughs: number[] = [];
  for (let step = 0; troughs.length < most; ) {
    step = schedule.at(step).cycleEnd;
    // Past the last safe integer there are no steps.
    if (step > steps || !Number.isSafeInteger(step)) break;
    troughs.push(step);
  }
  return troughs;
}

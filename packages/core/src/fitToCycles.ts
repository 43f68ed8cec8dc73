import { ClrError } from './errors.ts';
import { stepCount } from './fields.ts';
import type { ScheduleLike } from './toSchedule.ts';
import { toSchedule } from './toSchedule.ts';

/**
 * Rounds a budget to the nearest step at which a cycle ends, so that training stops at a trough. The result holds at
 * least one cycle. If two such steps are equally near, the result is the earlier one. If no further cycle ends (in a
 * schedule or a last stage without cycles, or past a policy's end), every step is equally good to stop at, and the
 * result is the budget.
 *
 * @param steps - the budget, in steps
 * @throws {PolicyError} if the budget is not a positive integer
 * @throws {ClrError} if a cycle of your own schedule does not begin where the one before it ends
 * @see Smith, arXiv 1506.01186, section 3.2: end training at the end of a cycle
 *
 * @example
 * ```ts
 * fitToCycles(triangular({ baseLr: 0.001, maxLr: 0.006, stepSize: 100 }), 730); // 800
 * ```
 */
export function fitToCycles(source: ScheduleLike, steps: number): number {
  stepCount(steps, 'steps');
  const schedule = toSchedule(source);
  const { cycle, cycleEnd } = schedule.at(steps);
  if (cycleEnd === Infinity) return steps;
  // The first step of this cycle is the previous trough. Cycle numbers never fall, so bisection finds that step.
  let [low, high] = [0, steps];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (schedule.at(middle).cycle < cycle) low = middle + 1;
    else high = middle;
  }
  if (low > 0 && schedule.at(low - 1).cycleEnd !== low) {
    throw new ClrError('clr/core', {
      expected: 'cycles that follow one another, each from the end of the previous one',
      received: `cycle ${cycle} at step ${low}, and a cycle before it that ends at ${schedule.at(low - 1).cycleEnd}`,
      advice: 'Check `position` or `at` of the schedule.',
    });
  }
  return low > 0 && steps - low <= cycleEnd - steps ? low : cycleEnd;
}

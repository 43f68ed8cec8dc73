import { rangeTestSteps } from '../rangeTest/calibration.ts';

/**
 * How a budget is shared out. A range test takes `test` of it, or `leastTest` updates where that is less, but never more
 * than `mostTest` of it. One that is refused is made again with up to `again` steps, if both fit into `mostAgain` of it. All
 * trials of a verdict together take `trials` of it, and each has `leastTrial` steps or more.
 */
const share = {
  ...{ test: 0.08, leastTest: 135, mostTest: 1 / 2 },
  ...{ again: 200, mostAgain: 1 / 3 },
  ...{ trials: 0.2, leastTrial: 10 },
} as const;

/** The updates that one range test may take of a budget: at least 2. */
export function roomForTest(steps: number): number {
  const least = Math.min(share.leastTest, Math.floor(steps * share.mostTest));
  const most = Math.min(rangeTestSteps.first + rangeTestSteps.more, Math.floor(steps * share.test));
  return Math.max(2, least, most);
}

/** The updates that a second range test may take after a refused one that took so many. */
export function roomToRepeat(steps: number, taken: number): number {
  return Math.min(share.again, Math.floor(steps * share.mostAgain) - taken);
}

/** The steps of each of a number of trials; 0 where they would be too short. */
export function stepsOfTrial(steps: number, trials: number): number {
  const each = Math.floor((steps * share.trials) / trials);
  return each < share.leastTrial ? 0 : each;
}

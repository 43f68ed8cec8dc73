import { rangeTestSteps } from '../rangeTest/calibration.ts';

/**
 * The shares of a budget. A range test takes the share `test`, at least `minTest` updates, and never more than the
 * share `maxTest`. A test that suggests nothing is repeated with up to `again` steps if both tests fit into the share
 * `maxAgain`. All trials of a verdict together take the share `trials`, and each has at least `minTrial` steps.
 */
const share = {
  ...{ test: 0.08, minTest: 135, maxTest: 1 / 2 },
  ...{ again: 200, maxAgain: 1 / 3 },
  ...{ trials: 0.2, minTrial: 10 },
} as const;

/** The number of updates of a budget that one range test may take: at least 2. */
export function roomForTest(steps: number): number {
  const least = Math.min(share.minTest, Math.floor(steps * share.maxTest));
  const most = Math.min(rangeTestSteps.first + rangeTestSteps.more, Math.floor(steps * share.test));
  return Math.max(2, least, most);
}

/** The updates that a second range test may take after a first test that suggested nothing. */
export function roomToRepeat(steps: number, taken: number): number {
  return Math.min(share.again, Math.floor(steps * share.maxAgain) - taken);
}

/** The number of steps of each trial in a verdict, or 0 if the trials would be too short. */
export function stepsOfTrial(steps: number, trials: number): number {
  const each = Math.floor((steps * share.trials) / trials);
  return each < share.minTrial ? 0 : each;
}

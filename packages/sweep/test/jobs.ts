import { triangular } from '@clr/core';
import {
  type AutoClrTask,
  type FixedTask,
  type Job,
  type PolicyTask,
  parseJob,
  type RangeTestTask,
  type Task,
} from '@clr/sweep';

/** A job of `@clr/datasets/softmaxJobs`. */
export const jobOf = (task: Task, seed = 1, data: Job['data'] = 'points'): Job =>
  parseJob({ model: 'softmax', data, optimizer: { type: 'sgd', momentum: 0.9 }, seed, task });

/** One task of each type. */
export const tasks: {
  readonly rangeTest: RangeTestTask;
  readonly fixed: FixedTask;
  readonly policy: PolicyTask;
  readonly autoClr: AutoClrTask;
} = {
  rangeTest: { type: 'rangeTest', steps: 120 },
  fixed: { type: 'fixed', lr: 0.05, steps: 40 },
  policy: {
    type: 'policy',
    policy: triangular({ baseLr: 0.01, maxLr: 0.1, stepSize: 8 }),
    steps: 40,
    checkpointEvery: 5,
    hyper: { weightDecay: 0.001 },
  },
  autoClr: { type: 'autoClr', steps: 260 },
};

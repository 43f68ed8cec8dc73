export {
  type Collection,
  type CollectOptions,
  collect,
  type RangeTestGroup,
  type TrialRow,
} from './collect.ts';
export type { AutoClrTask, FixedTask, Job, Json, PolicyTask, RangeTestTask, Task } from './job.ts';
export { parseJob, parseJobs } from './parseJob.ts';
export { runTrial } from './runTrial.ts';
export type { TrialCheckpoint } from './trialCheckpoint.ts';
export type { Open, OpenedJob, TrialOptions } from './trialOptions.ts';
export {
  type AutoClrRecord,
  type JointRecord,
  parseResult,
  type TrialMetrics,
  type TrialResult,
} from './trialResult.ts';

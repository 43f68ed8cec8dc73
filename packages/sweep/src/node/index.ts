/// <reference types="node" />
export { removeCheckpoint } from './files.ts';
export {
  type FailedJob,
  runSweep,
  type SweepOptions,
  type SweepOutcome,
  type SweepProgress,
} from './runSweep.ts';
export {
  createTrialProcess,
  type TrialOutcome,
  type TrialProcess,
  type TrialProcessOptions,
} from './trialProcess.ts';

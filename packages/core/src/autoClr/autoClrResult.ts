import type { Policy } from '../policy.ts';
import type { RangeTestFinding } from '../rangeTest/finding.ts';
import type { RangeTestTrace } from '../rangeTest/trace.ts';
import type { TrainingRun } from '../train/run.ts';
import type { Checkpoint } from '../train/saver.ts';
import type { Metrics, Snapshot } from '../train/trainable.ts';
import type { Cost } from './session.ts';
import type { Verdict } from './verdict.ts';

/** Several troughs together. */
export interface Joint extends Metrics {
  /** The troughs that it is of, with their states. */
  readonly troughs: readonly Checkpoint[];
}

/** The best state that a run passed through. */
export interface Best extends Metrics {
  /** 0: nothing was better than the untouched model. */
  readonly step: number;
  readonly snapshot: Snapshot;
  /** Whether it is the average of troughs, made after the last step. */
  readonly averaged?: boolean;
}

/** The result of `autoClr`. */
export interface AutoClrResult {
  readonly trace: RangeTestTrace;
  readonly finding: RangeTestFinding;
  /** The policy that was trained. Absent when the range test was refused or aborted: then nothing was trained. */
  readonly policy?: Policy;
  readonly run?: TrainingRun;
  /** The best trough (or the end, the average, or the start), which is also the state that the model is left in. */
  readonly best?: Best;
  /** The comparison of plans, if asked for. Absent if it was aborted, or all plans diverged. */
  readonly verdict?: Verdict;
  /** The metrics of the average of the last troughs, if asked for. */
  readonly average?: Joint;
  /** The metrics of the last troughs as one ensemble, if asked for. */
  readonly ensemble?: Joint;
  /** The number of updates spent on each part: together at most `steps`. */
  readonly cost: Cost;
}

import type { Policy } from '../policy.ts';
import type { RangeTestFinding } from '../rangeTest/finding.ts';
import type { RangeTestTrace } from '../rangeTest/trace.ts';
import type { Checkpoint } from '../trainable/checkpoint.ts';
import type { TrainingRun } from '../trainable/run.ts';
import type { Metrics, Snapshot } from '../trainable/trainable.ts';
import type { Plan } from './makePlan.ts';

/** Several troughs combined. */
export interface TroughCombination extends Metrics {
  /** The combined troughs, with their states. */
  readonly troughs: readonly Checkpoint[];
}

/** The best state that a run passed through. */
export interface BestState extends Metrics {
  /** The step of the state. It is 0 if no state was better than the untouched model. */
  readonly step: number;
  /** The state, for `restore`. */
  readonly snapshot: Snapshot;
  /** True if the state is the average of troughs, made after the last step. */
  readonly averaged?: boolean;
}

/** A short training run under one plan. */
export interface Trial {
  /** The plan that was tried. */
  readonly plan: Plan;
  /** The final metrics; absent if the trial diverged. */
  readonly end?: Metrics;
}

/** A comparison of plans in short training runs, like the paper's comparison of a fixed rate with cycles. */
export interface Verdict {
  /** The plan that won. If `clear` is true, it is trained with the rest of the budget. */
  readonly winner: Plan;
  /** The trial of `plan`, then the trials of its rivals. */
  readonly trials: readonly Trial[];
  /**
   * The winner's lead over `plan`, or over the best rival if `plan` won. It is measured in accuracy if there is one,
   * else in loss.
   */
  readonly margin: number;
  /**
   * True if the plan with which the winner is compared diverged, or if the margin is too large to be chance. For that,
   * it must exceed two percentage points of accuracy, or 2 % of the loss.
   */
  readonly clear: boolean;
  /** The number of steps of each trial. */
  readonly steps: number;
}

/** The number of updates spent on each part of an `autoClr` run. */
export interface Cost {
  /** Updates of the range test, all sweeps together. */
  readonly rangeTest: number;
  /**
   * Updates of settling before the range test. A model settles only if its loss started far above that of the best
   * constant answer.
   */
  readonly settling: number;
  /** Updates of the trials of plans. */
  readonly verdict: number;
  /** Updates of the training itself. */
  readonly training: number;
}

/** The result of `autoClr`. */
export interface AutoClrResult {
  /** The record of the range test. */
  readonly trace: RangeTestTrace;
  /** What the analysis says about the trace: the suggested rates, or why there are none. */
  readonly finding: RangeTestFinding;
  /**
   * The policy that was trained. Absent if nothing was trained, because the range test suggested nothing or was
   * aborted.
   */
  readonly policy?: Policy;
  /** The record of the training, of a resumed one from its checkpoint on. Absent if nothing was trained. */
  readonly run?: TrainingRun;
  /** The best state: a trough, the end, the average of troughs, or the start. The model is left in this state. */
  readonly best?: BestState;
  /** The comparison of plans, if asked for. Absent if the trials were aborted, or all plans diverged. */
  readonly verdict?: Verdict;
  /** The metrics of the average of the last troughs, if asked for. */
  readonly average?: TroughCombination;
  /** The metrics of the last troughs as one ensemble, if asked for. */
  readonly ensemble?: TroughCombination;
  /** The number of updates spent on each part. Their sum is at most `steps`. */
  readonly cost: Cost;
}

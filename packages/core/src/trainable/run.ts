import type { Policy } from '../policy.ts';

/** The reason why a run ended before its last step. */
export interface Stopped {
  /** The number of steps that were taken. */
  readonly step: number;
  /**
   * Names the first value of the batch that is not finite, if this value is the cause of a loss that is not finite.
   */
  readonly fault?: string;
  /** `'ended'` means that the run stopped at a trough on request. */
  readonly reason: 'diverged' | 'aborted' | 'ended';
}

/** The record of one training step. */
export interface TrainingStep {
  /** The number of updates applied before this one. */
  readonly step: number;
  /** The rate of the update. */
  readonly lr: number;
  /** The momentum of the update, if the policy sets it. */
  readonly momentum?: number;
  /** The values of the hyperparameters that `hyper` of `train` set. */
  readonly hyper?: Readonly<Record<string, number>>;
  /** The batch's loss before the update; `null` means NaN or an infinity. */
  readonly loss: number | null;
  /** The share of the batch that was classified right, in [0, 1]. */
  readonly accuracy?: number | null;
  /** Names the first value of the batch that is not finite, if it is the cause of a loss that is not finite. */
  readonly fault?: string;
}

/** The end of a cycle: the step at which to stop, take a snapshot and evaluate. */
export interface Trough {
  /** The number of updates applied. */
  readonly step: number;
  /** The cycle that ended, from 0. */
  readonly cycle: number;
  /** Means over the evaluation batches, if there are any. */
  readonly loss?: number | null;
  /** The share of examples classified right, in [0, 1]; `null` if it is not finite. */
  readonly accuracy?: number | null;
  /** The means for the averaged weights, if the run keeps an average and there are evaluation batches. */
  readonly average?: {
    /** The mean loss; `null` if it is not finite. */
    readonly loss: number | null;
    /** The share of examples classified right, in [0, 1]; `null` if it is not finite. */
    readonly accuracy?: number | null;
  };
}

/** The record of a training run as plain JSON. */
export interface TrainingRun {
  /** The version of this format. */
  readonly version: 1;
  /** The policy. Absent if the schedule was a function. */
  readonly policy?: Policy;
  /** The option `hyper` of `train`, without functions. */
  readonly hyper?: Readonly<Record<string, number | Policy>>;
  /** The first step that this run took. */
  readonly from: number;
  /** The step after the last one that this run took. */
  readonly step: number;
  /** One record for each update. */
  readonly steps: readonly TrainingStep[];
  /** The ends of cycles within the run. */
  readonly troughs: readonly Trough[];
  /**
   * Means over the evaluation batches after the last step, if there are any. They are absent after an abort, unless the
   * last step was evaluated before it.
   */
  readonly final?: Pick<Trough, 'loss' | 'accuracy' | 'average'>;
  /** Why the run ended early. Absent if it took all its steps. */
  readonly stopped?: Stopped;
}

import type { Policy } from '../policy.ts';

/** Why a run ended before its last step. */
export interface Stopped {
  /** The number of steps that were taken. */
  readonly step: number;
  /** The first value of the batch that is not finite, where one made the loss so: the rate is not to blame. */
  readonly fault?: string;
  /** `'ended'`: at a trough, as a training run was asked to. */
  readonly reason: 'diverged' | 'aborted' | 'ended';
}

/** One training step as the run records it. */
export interface TrainingStep {
  readonly step: number;
  readonly lr: number;
  readonly momentum?: number;
  /** The values of the hyperparameters that `hyper` of `train` set. */
  readonly hyper?: Readonly<Record<string, number>>;
  /** The batch's loss before the update; `null` stands for NaN or an infinity. */
  readonly loss: number | null;
  /** The share of the batch classified right, in [0, 1]. */
  readonly accuracy?: number | null;
  /** Where the loss is not finite because of the data: the first value of the batch that is not. */
  readonly fault?: string;
}

/** The end of a cycle: the place to stop, snapshot and evaluate. */
export interface Trough {
  /** The number of updates applied. */
  readonly step: number;
  /** The cycle that ended, from 0. */
  readonly cycle: number;
  /** Means over the evaluation batches, when there are any. */
  readonly loss?: number | null;
  readonly accuracy?: number | null;
  /** The same for the averaged weights, if the run keeps an average and there are evaluation batches. */
  readonly average?: { readonly loss: number | null; readonly accuracy?: number | null };
}

/** The record of a training run as plain JSON. */
export interface TrainingRun {
  readonly version: 1;
  /** Absent when the schedule was a closure. */
  readonly policy?: Policy;
  /** What `hyper` of `train` was, without closures. */
  readonly hyper?: Readonly<Record<string, number | Policy>>;
  /** The first step that this run took, and the one after its last. */
  readonly from: number;
  readonly step: number;
  readonly steps: readonly TrainingStep[];
  readonly troughs: readonly Trough[];
  /** Means over the evaluation batches after the last step, when there are any; absent after an abort. */
  readonly final?: Pick<Trough, 'loss' | 'accuracy' | 'average'>;
  /** Absent when the run took all its steps. */
  readonly stopped?: Stopped;
}

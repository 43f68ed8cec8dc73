import type { AbortSignalLike, Batches, BatchPass, Checkpoint, RangeTestPoint, Trainable } from '@clr/core';
import type { Job } from './job.ts';
import type { TrialCheckpoint } from './trialCheckpoint.ts';
import type { TrialResult } from './trialResult.ts';

/** The model and data of a job. */
export interface OpenedJob<Batch> {
  /** The model with its optimizer, as returned by `createTrainer` of an adapter. It is disposed of at the end. */
  readonly trainable: Trainable<Batch>;
  /** The training batches. */
  readonly batches: Batches<Batch>;
  /** Batches for evaluation, separate from the training data. */
  readonly validation?: BatchPass<Batch>;
  /**
   * Called with the result while the trained model still exists, so that the model can be exported. It is called again
   * if the job is repeated.
   */
  readonly onResult?: (result: TrialResult) => void | Promise<void>;
}

/** Makes a job's model and data. It must depend on nothing but the job, and take all randomness from its seed. */
export type Open<Batch> = (job: Job) => OpenedJob<Batch> | Promise<OpenedJob<Batch>>;

/** Options of {@link runTrial}. */
export interface TrialOptions<Batch> {
  /** Makes the model and the data of a job. */
  readonly open: Open<Batch>;
  /** Called for every step of a sweep or a training. */
  readonly onStep?: (point: RangeTestPoint) => void | Promise<void>;
  /** Stops between two steps. The state of a training is saved first. */
  readonly signal?: AbortSignalLike;
  /** The checkpoint to resume from: the last one that was passed to `save`. Not for a range test. */
  readonly from?: Checkpoint & {
    /** The data that `save` received besides the state. */
    readonly extra?: unknown;
  };
  /**
   * Stores a checkpoint, such as `save` of a store of `@clr/checkpoint`. Only trainings are saved. A range test that was
   * stopped, also that of `autoClr`, starts over.
   */
  readonly save?: (checkpoint: TrialCheckpoint) => void | Promise<void>;
}

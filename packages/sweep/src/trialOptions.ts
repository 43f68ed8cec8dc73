import type { AbortSignalLike, Batches, BatchPass, Checkpoint, RangeTestPoint, Trainable } from '@clr/core';
import type { Job } from './job.ts';
import type { TrialCheckpoint } from './trialCheckpoint.ts';
import type { TrialResult } from './trialResult.ts';

/** What a job is run on. */
export interface OpenedJob<Batch> {
  /** The model with its optimizer, as `createTrainer` of an adapter gives it. It is disposed of at the end. */
  readonly trainable: Trainable<Batch>;
  /** The training batches. */
  readonly batches: Batches<Batch>;
  /** Batches to evaluate on, apart from the training data. */
  readonly validation?: BatchPass<Batch>;
  /** Told of the result while the trained model is still there: the place to export it. A repeated job tells it again. */
  readonly onResult?: (result: TrialResult) => void | Promise<void>;
}

/** Makes a job's model and data. It must depend on nothing but the job, and draw all that is random from its seed. */
export type Open<Batch> = (job: Job) => OpenedJob<Batch> | Promise<OpenedJob<Batch>>;

/** Options of {@link runTrial}. */
export interface TrialOptions<Batch> {
  /** Makes the model and the data of a job. */
  readonly open: Open<Batch>;
  /** Told of every step: of a sweep, or of a training. */
  readonly onStep?: (point: RangeTestPoint) => void | Promise<void>;
  /** Stops between two steps. A training is saved before. */
  readonly signal?: AbortSignalLike;
  /** Where to go on from: the last checkpoint that `save` was given. Only with the tasks `fixed` and `policy`. */
  readonly from?: Checkpoint & {
    /** What `save` was given beside the state. */
    readonly extra?: unknown;
  };
  /**
   * Keeps a checkpoint, such as `save` of a store of `@clr/checkpoint`. Only the tasks `fixed` and `policy` are saved;
   * a range test or `autoClr` that was stopped begins again.
   */
  readonly save?: (checkpoint: TrialCheckpoint) => void | Promise<void>;
}

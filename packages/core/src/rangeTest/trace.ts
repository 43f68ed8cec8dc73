import type { UpdateKind } from '../optimizers/updateKind.ts';
import type { Stopped } from '../trainable/run.ts';
import type { LossSmoothing } from './lossSmoothing.ts';

/** One step of a range test: its rate and the batch's metrics before the update. */
export interface RangeTestPoint {
  /** The number of updates applied before this one. */
  readonly step: number;
  /** The rate of the update. */
  readonly lr: number;
  /** The loss of the batch; `null` means NaN or an infinity, which JSON cannot hold. */
  readonly loss: number | null;
  /** The share of examples that were classified right, in [0, 1]. */
  readonly accuracy?: number | null;
  /** Names the first value of the batch that is not finite, if it is the cause of a loss that is not finite. */
  readonly fault?: string;
}

/** The batch sharpness at one step of a sweep. */
export interface SharpnessPoint {
  /** The step before which the batch was measured. */
  readonly step: number;
  /** The rate of that step. */
  readonly lr: number;
  /** The batch sharpness; `null` if it is not finite. */
  readonly sharpness: number | null;
}

/** The record of a range test as plain JSON: what `analyzeRangeTest` reads. */
export interface RangeTestTrace {
  /** The version of this format. */
  readonly version: 1;
  /** How the rates rise: by equal differences, or by equal factors. */
  readonly spacing: 'linear' | 'exponential';
  /** The first rate. */
  readonly startLr: number;
  /** The rate of the last step, if nothing stops the sweep before. */
  readonly endLr: number;
  /** In a sweep, the losses before each update. When probing, the losses after the updates at each rate. */
  readonly points: readonly RangeTestPoint[];
  /** The number of updates for each rate, if each rate was tried separately. */
  readonly updatesPerRate?: number;
  /** When probing: the metrics of the model before any update. */
  readonly baseline?: Pick<RangeTestPoint, 'loss' | 'accuracy'>;
  /** Metrics on validation data, measured after the step they name. */
  readonly validation?: readonly RangeTestPoint[];
  /** The steps of the coarse sweep before this one, if there was one to find the rates. */
  readonly coarse?: readonly RangeTestPoint[];
  /** The metrics of the best constant answer to training batches, if the Trainable computes them. */
  readonly constantAnswer?: Pick<RangeTestPoint, 'loss' | 'accuracy'>;
  /** The batch sharpness of a few batches, up to the coarse sweep's edge, if the Trainable measures it. */
  readonly sharpness?: readonly SharpnessPoint[];
  /** The momentum (β₁ of Adam) of the optimizer, if the Trainable states it. */
  readonly momentum?: number;
  /** The kind of update of the optimizer, if the Trainable states it. */
  readonly updateKind?: UpdateKind;
  /** The smoothing of the losses in `points` by the tool that wrote them. `rangeTest` does not smooth. */
  readonly smoothing?: LossSmoothing;
  /** Why the sweep stopped early. Absent if it reached `endLr`. */
  readonly stopped?: Stopped;
}

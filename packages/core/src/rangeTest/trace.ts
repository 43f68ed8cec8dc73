import type { UpdateKind } from '../optimizers/updateKind.ts';
import type { Stopped } from '../trainable/run.ts';
import type { LossSmoothing } from './lossSmoothing.ts';

/** One step of a range test: the rate that acted and the batch's metrics before the update. */
export interface RangeTestPoint {
  readonly step: number;
  readonly lr: number;
  /** `null` stands for NaN or an infinity, which JSON cannot hold. */
  readonly loss: number | null;
  /** The share classified right, in [0, 1]. */
  readonly accuracy?: number | null;
  /** Where the loss is not finite because of the data: the first value of the batch that is not. */
  readonly fault?: string;
}

/** The batch sharpness at one step of a sweep. */
export interface SharpnessPoint {
  /** The step that the batch was measured before, and its rate. */
  readonly step: number;
  readonly lr: number;
  /** `null` where it is not finite. */
  readonly sharpness: number | null;
}

/** The record of a range test as plain JSON: what `analyzeRangeTest` reads. */
export interface RangeTestTrace {
  readonly version: 1;
  readonly spacing: 'linear' | 'exponential';
  readonly startLr: number;
  readonly endLr: number;
  /** The losses before each update of a sweep; or, when probing, after the updates at each rate. */
  readonly points: readonly RangeTestPoint[];
  /** How many updates each rate was tried with, when each was tried by itself. */
  readonly updatesPerRate?: number;
  /** When probing: the metrics of the model as it stands, after no step at all. */
  readonly baseline?: Pick<RangeTestPoint, 'loss' | 'accuracy'>;
  /** Metrics on validation data, measured after the step they name. */
  readonly validation?: readonly RangeTestPoint[];
  /** The steps of the coarse sweep before this one, where one looked for the rates to sweep. */
  readonly coarse?: readonly RangeTestPoint[];
  /** What the best constant answer to training batches comes to, where the Trainable says so. */
  readonly constantAnswer?: Pick<RangeTestPoint, 'loss' | 'accuracy'>;
  /** The batch sharpness of a few batches, up to the coarse sweep's edge, where the Trainable measures it. */
  readonly sharpness?: readonly SharpnessPoint[];
  /** The momentum (β₁ of Adam) that the rates drove, where the Trainable says so. */
  readonly momentum?: number;
  /** The kind of update that the rates drove, where the Trainable says so. */
  readonly updateKind?: UpdateKind;
  /** How the tool that wrote the losses of `points` had smoothed them; `rangeTest` never does. */
  readonly smoothing?: LossSmoothing;
  /** Absent when the sweep reached `endLr`. */
  readonly stopped?: Stopped;
}

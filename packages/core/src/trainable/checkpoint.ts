import type { Snapshot } from './trainable.ts';

/** The data of an average in a checkpoint. */
export interface AverageState {
  /** The kind of average: exponential, or of the latest snapshots. */
  readonly type: 'ema' | 'lawa';
  /** The mean so far, or the last snapshots in order. */
  readonly snapshots: readonly Snapshot[];
}

/** A run at a step: enough to continue it exactly. */
export interface Checkpoint {
  /** The number of updates applied. */
  readonly step: number;
  /** The state at that step. */
  readonly snapshot: Snapshot;
  /** The state of the average that the option `average` of `train` keeps. */
  readonly average?: AverageState;
  /** What `autoClr` needs to continue its run. `train` does not read it. */
  readonly autoClr?: object;
}

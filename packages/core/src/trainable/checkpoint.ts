import type { Snapshot } from './trainable.ts';

/** What an average is made of, as a checkpoint holds it. */
export interface AverageState {
  readonly type: 'ema' | 'lawa';
  /** The mean so far, or the last snapshots; the oldest first. */
  readonly snapshots: readonly Snapshot[];
}

/** A run at a step: enough to continue it exactly. */
export interface Checkpoint {
  /** The number of updates applied. */
  readonly step: number;
  /** The state at that step. */
  readonly snapshot: Snapshot;
  /** What `average` of `train` has gathered. */
  readonly average?: AverageState;
}

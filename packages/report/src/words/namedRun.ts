import type { TrainingRun } from '@clr/core';

/** A run with its name in the picture. */
export interface NamedRun {
  /** The name in the legend. */
  readonly name: string;
  /** The record of the training. */
  readonly run: TrainingRun;
}
